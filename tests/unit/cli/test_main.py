import subprocess
import sys

from typer.testing import CliRunner

from topolens import __version__
from topolens.cli import app

runner = CliRunner()


def test_help_names_the_commands_and_examples():
    result = runner.invoke(app, ["--help"])
    assert result.exit_code == 0
    for word in ("report", "demo", "topolens report weights.safetensors"):
        assert word in result.stdout
    assert "findings[].verdict" in runner.invoke(app, ["report", "--help"]).stdout
    assert "topolens demo --networks 8" in runner.invoke(app, ["demo", "--help"]).stdout


def test_version():
    result = runner.invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"topolens {__version__}\n")


def test_wrong_usage_ends_with_2():
    assert runner.invoke(app, ["report"]).exit_code == 2
    assert runner.invoke(app, ["report", "net.pt", "--k", "0"]).exit_code == 2
    assert runner.invoke(app, ["reprot"]).exit_code == 2


def test_help_does_not_wait_for_torch():
    code = "import sys; from topolens.cli import main\ntry: main()\nfinally: print('torch' in sys.modules)"
    for words in (["--help"], ["report", "--help"], ["--version"]):
        run = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
        assert (run.returncode, run.stdout.splitlines()[-1]) == (0, "False")


def test_python_m_topolens():
    run = subprocess.run([sys.executable, "-m", "topolens", "--version"], capture_output=True, text=True, check=False)
    assert run.stdout == f"topolens {__version__}\n"
