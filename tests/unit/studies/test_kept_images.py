"""The images of a study are in one file."""

from pathlib import Path

from small_zoo import stripes
from topolens.studies.kept_images import digest, images_at, keep_images


def test_images_are_written_once_and_read_as_they_were(tmp_path: Path) -> None:
    data = stripes()
    place = keep_images(data, tmp_path)
    written = place.stat().st_mtime_ns
    assert keep_images(data, tmp_path) == place
    assert place.stat().st_mtime_ns == written
    found = images_at(place)
    assert found.name == data.name
    assert digest(found) == digest(data)
    assert images_at(place) is found
    other = data._replace(train_labels=data.train_labels.flip(0))
    assert keep_images(other, tmp_path) != place
    assert len(list(tmp_path.iterdir())) == 2
