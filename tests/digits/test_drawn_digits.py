"""Drawings as text in a link, as a file, and as a data set: exact, and safe against whatever comes instead."""

import base64
import json
import pickle
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save
from sklearn.datasets import load_digits as sklearn_digits

import sgd_core
from sgd_core.digits.drawing import LONGEST_TEXT, pack_drawing, prepared, unpack_drawing
from sgd_core.digits.drawn_digits import LARGEST_FILE, MOST_DRAWINGS, DrawnDigits
from sgd_core.digits.sources import SOURCES

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("name", SOURCES)
def test_every_image_of_a_data_sets_levels_comes_back_exactly(name: str) -> None:
    source = SOURCES[name]
    images = [
        np.zeros(source.image_shape),
        np.ones(source.image_shape),
        RNG.integers(0, source.largest + 1, source.image_shape) / source.largest,
    ]
    for image in images:
        text = pack_drawing(image.astype(np.float32), name)
        assert len(text) <= LONGEST_TEXT
        assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        assert np.array_equal(unpack_drawing(text, name), image.astype(np.float32))


def test_a_prepared_drawing_is_the_same_in_the_link() -> None:
    ink = np.zeros((260, 260), dtype=np.float32)
    ink[40:220, 100:130] = RNG.random((180, 30))
    for name in ("uci", "mnist"):
        image = prepared(ink, name)
        assert image is not None
        assert np.array_equal(unpack_drawing(pack_drawing(image, name), name), image)


@pytest.mark.mnist
def test_a_drawn_digit_makes_a_short_link(mnist) -> None:
    lengths = [len(pack_drawing(image, "mnist")) for image in mnist.valid_images[:200].numpy()]
    assert np.median(lengths) < 260 and max(lengths) < 500


def squeezed(content: bytes) -> str:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.urlsafe_b64encode(packer.compress(content) + packer.flush()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        "!!!!",
        "a b",
        "ä" * 20,
        "A" * (LONGEST_TEXT + 1),
        "../../etc/passwd",
        "<script>alert(1)</script>",
        squeezed(b""),
        squeezed(bytes(63)),
        squeezed(bytes(65)),
        squeezed(bytes([17]) * 64),
        squeezed(bytes(64)) + "AAAA",
        squeezed(bytes(64))[:-4],
        squeezed(bytes(10**6)),  # a bomb: a thousand characters that would become a megabyte
        None,
        7,
        b"AAAA",
    ],
    ids=lambda text: str(text)[:20],
)
def test_other_text_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"drawing in (a|the) link .*\.$"):
        unpack_drawing(text, "uci")  # type: ignore[arg-type]


@given(st.text(alphabet="ABCDEFabcdef0123456789-_=", max_size=200))
def test_no_text_does_anything_but_unpack_or_be_refused(text: str) -> None:
    try:
        image = unpack_drawing(text, "uci")
    except ValueError:
        return
    assert image.shape == (8, 8) and image.min() >= 0 and image.max() <= 1


@pytest.mark.parametrize(
    "image", [np.zeros((8, 9)), np.full((8, 8), 1.5), np.full((8, 8), np.nan), np.full((8, 8), -1)]
)
def test_what_is_no_image_is_not_packed(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="image"):
        pack_drawing(image, "uci")


def drawn(per_class: int = 10, classes: tuple[int, ...] = (3, 7)) -> DrawnDigits:
    """Real handwriting as if it had been drawn: the first images of these classes."""
    bunch, made = sklearn_digits(), DrawnDigits.empty("uci")
    for number in classes:
        for row in np.flatnonzero(bunch.target == number)[:per_class]:
            made = made.added(bunch.images[row] / 16, number)
    return made


def test_a_file_holds_the_set() -> None:
    made = drawn()
    again = DrawnDigits.from_bytes(made.to_bytes())
    assert again.dataset == "uci" and again.counts() == {3: 10, 7: 10}
    assert np.array_equal(again.images, made.images) and np.array_equal(again.labels, made.labels)
    assert DrawnDigits.from_bytes(DrawnDigits.empty("mnist").to_bytes()).counts() == {}


def test_a_model_learns_from_drawings_alone() -> None:
    digits = drawn().digits()
    assert (len(digits.train_labels), len(digits.valid_labels)) == (16, 4)
    assert digits.classes == (3, 7) and digits.class_names == ("3", "7")
    assert (digits.train_labels.diff() >= 0).all()
    *_, last = sgd_core.train(sgd_core.TrainConfig(epochs=30), digits)
    assert last.train_accuracy == 1
    real = sgd_core.load_digits("uci")
    from sgd_core.digits.evaluation import predict

    right = predict(last, sgd_core.TrainConfig(), real.valid_images.numpy()).decided == real.valid_labels.numpy()
    assert right.mean() > 0.9


def test_the_split_is_the_same_and_apart() -> None:
    made = drawn(7, (1, 4, 9))
    one, two = made.digits(), made.digits()
    assert (one.valid_images == two.valid_images).all() and (one.train_images == two.train_images).all()
    assert len(one.train_labels) + len(one.valid_labels) == 21
    assert one.valid_labels.tolist() == [0, 0, 1, 1, 2, 2]  # of 7: the second and the seventh
    turned = made.digits((9, 1))
    assert turned.classes == (9, 1) and set(turned.train_labels.tolist()) == {0, 1}


def test_too_few_drawings_are_a_sentence() -> None:
    with pytest.raises(ValueError, match="at least two classes"):
        drawn(4, (3,)).digits()
    with pytest.raises(ValueError, match="two of each class"):
        drawn(1).digits()
    with pytest.raises(ValueError, match="two of each class"):
        drawn().digits((3, 8))


@pytest.mark.parametrize(
    ("image", "label"),
    [
        (np.zeros((8, 8)), 10),
        (np.zeros((8, 8)), -1),
        (np.zeros((8, 8)), True),
        (np.zeros((8, 8)), "3"),
        (np.zeros((28, 28)), 3),
        (np.full((8, 8), np.nan), 3),
        (np.full((8, 8), 2.0), 3),
    ],
    ids=str,
)
def test_what_is_no_drawing_is_not_added(image: np.ndarray, label: object) -> None:
    with pytest.raises(ValueError):
        DrawnDigits.empty("uci").added(image, label)  # type: ignore[arg-type]


def test_a_set_has_an_end() -> None:
    full = DrawnDigits("uci", np.zeros((MOST_DRAWINGS, 8, 8), np.uint8), np.zeros(MOST_DRAWINGS, np.uint8))
    with pytest.raises(ValueError, match="at most"):
        full.added(np.zeros((8, 8)), 3)
    largest = DrawnDigits(
        "mnist",
        RNG.integers(0, 256, (MOST_DRAWINGS, 28, 28), dtype=np.uint8),
        np.zeros(MOST_DRAWINGS, np.uint8),
    )
    assert len(largest.to_bytes()) < LARGEST_FILE
    assert DrawnDigits.from_bytes(largest.to_bytes()).counts() == {0: MOST_DRAWINGS}


GOOD = {"format": "sgd-lab drawings 1", "dataset": "uci"}


def file(images: np.ndarray, labels: np.ndarray, about: dict[str, str] | None = None, **more: np.ndarray) -> bytes:
    return save({"images": images, "labels": labels, **more}, GOOD if about is None else about)


def headed(header: bytes, body: bytes = b"") -> bytes:
    return len(header).to_bytes(8, "little") + header + body


IMAGES, LABELS = np.zeros((2, 8, 8), np.uint8), np.zeros(2, np.uint8)
HOSTILE = {
    "empty": b"",
    "short": b"\x00" * 7,
    "text": b"hello, these are my digits",
    "pickle": pickle.dumps({"images": IMAGES}),
    "zip": b"PK\x03\x04" + bytes(100),
    "a header of 2**63 bytes": (2**63).to_bytes(8, "little") + bytes(100),
    "no header": headed(b""),
    "a list": headed(b"[]"),
    "a string": headed(json.dumps({"__metadata__": "x"}).encode()),
    "deep": headed(b"[" * 100_000),
    "cut off": file(IMAGES, LABELS)[:-1],
    "longer": file(IMAGES, LABELS) + b"x",
    "another format": file(IMAGES, LABELS, {"format": "weights", "dataset": "uci"}),
    "no metadata": save({"images": IMAGES, "labels": LABELS}),
    "no such data set": file(IMAGES, LABELS, {**GOOD, "dataset": "../../etc"}),
    "no data set": file(IMAGES, LABELS, {"format": GOOD["format"]}),
    "another tensor": file(IMAGES, LABELS, extra=LABELS),
    "only images": save({"images": IMAGES}, GOOD),
    "other shapes": file(np.zeros((2, 28, 28), np.uint8), LABELS),
    "flat": file(np.zeros((2, 64), np.uint8), LABELS),
    "no axis": file(np.zeros((), np.uint8), np.zeros((), np.uint8)),
    "too few labels": file(IMAGES, LABELS[:1]),
    "floats": file(IMAGES.astype(np.float32), LABELS),
    "signed": file(IMAGES, LABELS.astype(np.int8)),
    "grey beyond 16": file(IMAGES + 17, LABELS),
    "a class beyond 9": file(IMAGES, LABELS + 10),
    "too many": file(np.zeros((1001, 8, 8), np.uint8), np.zeros(1001, np.uint8)),
    "too large": bytes(LARGEST_FILE + 1),
    "an offset beyond the end": headed(
        json.dumps({"images": {"dtype": "U8", "shape": [2**40], "data_offsets": [0, 2**40]}}).encode(), bytes(10)
    ),
    "sizes that overflow": headed(
        json.dumps({"images": {"dtype": "U8", "shape": [2**62, 2**62], "data_offsets": [0, 10]}}).encode(), bytes(10)
    ),
    "a type that numpy lacks": headed(
        json.dumps({"images": {"dtype": "F8_E4M3", "shape": [10], "data_offsets": [0, 10]}}).encode(), bytes(10)
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_a_sentence(name: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        DrawnDigits.from_bytes(HOSTILE[name])


@given(st.binary(max_size=300), st.integers(0, 400))
def test_no_damage_does_anything_but_be_refused_or_load(noise: bytes, place: int) -> None:
    good = file(IMAGES, LABELS)
    for content in (noise, good[:place] + noise + good[place + len(noise) :]):
        try:
            loaded = DrawnDigits.from_bytes(content)
        except ValueError:
            continue
        assert len(loaded.images) == len(loaded.labels) and loaded.images.max(initial=0) <= 255
