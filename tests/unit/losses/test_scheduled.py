"""A loss that comes in later: weights by step, gradients, state."""

import pytest
import torch

from topolens.losses import Scheduled, ramp


def test_ramp() -> None:
    assert [ramp(step, start_after=1) for step in range(3)] == [0, 1, 1]
    assert [ramp(step, 3.0, over=3) for step in range(4)] == [1, 2, 3, 3]
    with pytest.raises(ValueError, match="steps must not be negative, got step=0, start_after=-1, over=0"):
        ramp(0, start_after=-1)


def test_scheduled() -> None:
    loss = Scheduled(torch.nn.MSELoss(), weight=4.0, start_after=1, over=2)
    x = torch.ones(3, requires_grad=True)
    values = [loss(x, torch.zeros(3)) for _ in range(4)]
    assert [float(v.detach()) for v in values] == [0, 2, 4, 4]
    values[0].backward()
    assert x.grad is None
    (values[1] + values[0]).backward()
    torch.testing.assert_close(x.grad, torch.full((3,), 4 / 3))
    other = Scheduled(torch.nn.MSELoss(), weight=4.0, start_after=1, over=2).eval()
    assert float(other(x, torch.zeros(3))) == 0
    other.load_state_dict(loss.state_dict())
    assert float(other(x, torch.zeros(3))) == 4
    assert int(other.step) == 4
