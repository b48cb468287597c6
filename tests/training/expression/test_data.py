"""The data sets' own files are read right, and no test picture reaches training."""

import gzip
import lzma
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotion.errors import DataError
from emotion.prefetch import prefetch
from emotion.training.expression.augmentation import Augmentation
from emotion.training.expression.batches import Batch, epoch_batches
from emotion.training.expression.data import read_faces
from emotion.training.expression.data.faces import (
    FERPLUS_LABELS,
    picture_keys,
    training_split,
    validation_split,
)
from emotion.training.expression.targets import majority, make_targets, vote_distribution
from emotion.types import EMOTIONS

SHARED = Path(__file__).parents[4] / "shared" / "data" / "fer2013"


def test_csv_with_votes(fer2013: tuple[Path, Path]) -> None:
    faces = read_faces(*fer2013)
    assert faces.images.shape == (560, 48, 48)
    assert faces.images.dtype == np.uint8
    assert [len(faces.subset(s)) for s in ("Training", "PublicTest", "PrivateTest")] == [
        420,
        70,
        70,
    ]
    assert faces.votes is not None
    assert faces.votes.shape == (560, 10)
    assert faces.labels[:8].tolist() == [0, 1, 2, 3, 4, 5, 6, 0]


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_packed_csv_reads_alike(fer2013: tuple[Path, Path], suffix: str, pack) -> None:  # type: ignore[no-untyped-def]
    packed = fer2013[0].with_name("fer2013.csv" + suffix)
    packed.write_bytes(pack(fer2013[0].read_bytes()))
    np.testing.assert_array_equal(read_faces(packed).images, read_faces(fer2013[0]).images)


def test_missing_file_and_folder_say_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_faces(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match="No pictures under"):
        read_faces(tmp_path)


def test_votes_of_another_file_are_refused(fer2013: tuple[Path, Path]) -> None:
    lines = fer2013[1].read_text().splitlines()
    fer2013[1].write_text("\n".join(lines[:-1]))
    with pytest.raises(DataError, match="559 rows"):
        read_faces(*fer2013)


def test_no_test_picture_and_no_copy_in_training(fer2013: tuple[Path, Path]) -> None:
    faces = read_faces(*fer2013)
    faces.images[5] = faces.images[faces.split == "PrivateTest"][0]
    faces.images[6] = faces.images[faces.split == "PublicTest"][0]
    faces.images[8] = faces.images[7]
    kept = training_split(faces)
    assert len(kept) == 420 - 3
    held_out = {i.tobytes() for i in faces.images[faces.split != "Training"]}
    assert not held_out & {i.tobytes() for i in kept.images}
    assert len({i.tobytes() for i in kept.images}) == len(kept)


def test_nothing_is_chosen_on_a_test_picture(fer2013: tuple[Path, Path]) -> None:
    faces = read_faces(*fer2013)
    assert len(validation_split(faces)) == 70
    public = np.flatnonzero(faces.split == "PublicTest")
    faces.images[public[3]] = faces.images[faces.split == "PrivateTest"][9]
    assert len(validation_split(faces)) == 69


def test_what_one_set_holds_out_no_other_set_trains_on(fer2013: tuple[Path, Path]) -> None:
    faces = read_faces(*fer2013)
    other = replace(faces, images=faces.images ^ np.uint8(255), head="other", votes=None)
    other.images[4] = faces.subset("PrivateTest").images[0]
    other.images[5] = faces.subset("PublicTest").images[0]
    other.images[6] = faces.subset("Training").images[0]  # each labelling may teach of it
    public = np.flatnonzero(other.split == "PublicTest")
    other.images[public[1]] = faces.subset("PrivateTest").images[1]
    assert (len(training_split(other)), len(validation_split(other))) == (420, 70)
    sets = [faces, other]
    training = [training_split(each, among=sets) for each in sets]
    validation = [validation_split(each, among=sets) for each in sets]
    assert [len(each) for each in training] == [420, 418]
    assert [len(each) for each in validation] == [70, 69]
    private = {k for each in sets for k in picture_keys(each.subset("PrivateTest").images)}
    held_out = private | {k for each in validation for k in picture_keys(each.images)}
    assert not held_out & {k for each in training for k in picture_keys(each.images)}
    assert not private & {k for each in validation for k in picture_keys(each.images)}


def test_votes_become_distributions() -> None:
    votes = np.zeros((4, 10), np.int64)
    votes[0, [1, 2]] = 6, 4  # happy, surprise
    votes[1, [0, 3, 4, 5, 6]] = 6, 1, 1, 1, 1  # single votes are outliers
    votes[2, [1, 9]] = 5, 5  # half say: not a face
    votes[3, [4, 8]] = 6, 4
    crowd, usable = vote_distribution(votes)
    assert usable.tolist() == [True, True, False, True]
    assert crowd[0, [1, 2]].tolist() == pytest.approx([0.6, 0.4])
    assert crowd[1, 0] == 1
    assert crowd[3, 4] == 1
    np.testing.assert_allclose(crowd.sum(axis=1), 1)


def test_majority_is_the_papers_rule() -> None:
    votes = np.zeros((5, 10), np.int64)
    votes[0, [1, 2]] = 6, 4  # clear
    votes[1, [1, 2]] = 5, 5  # no majority
    votes[2, 9] = 10  # not a face
    votes[3, [0, 1, 2, 3, 4, 5, 6]] = 4, 1, 1, 1, 1, 1, 1  # clear once single votes are dropped
    votes[4, 7] = 10  # contempt
    assert majority(votes).tolist() == [1, -1, -1, 0, 7]


def test_targets_mix_votes_into_the_labels(fer2013: tuple[Path, Path]) -> None:
    faces = read_faces(*fer2013)
    assert faces.votes is not None
    faces.votes[0] = 0
    faces.votes[0, 1] = 10  # labelled angry, voted happy
    targets = make_targets(faces, votes_share=0.2)
    assert list(targets) == ["fer2013", "ferplus"]
    assert targets["fer2013"].targets[0].tolist() == pytest.approx([0.8, 0, 0, 0.2, 0, 0, 0])
    for head in targets.values():
        np.testing.assert_allclose(head.targets.sum(axis=1), 1, atol=1e-6)
    assert targets["ferplus"].labels == FERPLUS_LABELS
    assert set(FERPLUS_LABELS) - {"contempt"} == set(EMOTIONS)


def test_batches_depend_on_seed_and_epoch_alone(fer2013: tuple[Path, Path]) -> None:
    faces = read_faces(*fer2013)
    targets = make_targets(faces)

    def first(epoch: int) -> np.ndarray:
        batches = epoch_batches(
            faces.images, targets, Augmentation(),
            batch_size=32, size=(40, 40), seed=3, epoch=epoch,
        )  # fmt: skip
        ready = list(prefetch(batches))
        assert len(ready) == 560 // 32
        assert all(b.images.shape == (32, 40, 40, 1) for b in ready)
        return ready[0].images

    np.testing.assert_array_equal(first(1), first(1))
    assert not np.array_equal(first(1), first(2))


def test_an_error_while_making_batches_arrives() -> None:
    def broken() -> Iterator[Batch]:
        yield from ()
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        list(prefetch(broken()))


@pytest.mark.skipif(not SHARED.is_dir(), reason="FER2013 is not here: the real counts are not held")
def test_the_real_votes_keep_the_known_counts() -> None:
    import pandas as pd

    table = pd.read_csv(SHARED / "fer2013new.csv")
    votes = table.iloc[:, 2:].to_numpy(np.int64)
    labels = majority(votes[table["Usage"] == "PrivateTest"])
    counts = np.bincount(labels[labels >= 0], minlength=8)
    assert counts.tolist() == [1090, 893, 396, 384, 273, 18, 83, 16]
