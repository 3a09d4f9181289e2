"""The data sets the laboratory knows: what each one is, and which of its classes may be picked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import index
from typing import Literal

DIGIT_NAMES = tuple("0123456789")
MNIST_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


@dataclass(frozen=True)
class Source:
    """One data set of ten classes; everything that is special about it stands here.

    `key` is its name in code and links; `one` is what one image shows, for sentences; `image_shape` is (height, width)
    in pixels; `largest` is the value of full ink in its files; `origin` names where it comes from, under which terms.
    `torchvision` is the class of `torchvision.datasets` that knows its addresses and MD5 sums, and the folder its files
    lie in (None for the data set that comes inside a package); `download_megabytes` is what a download costs, about.
    `files` are the names of its unpacked files: images and labels of training, then of validation. `zipped` says that
    they come in one zip archive; `transposed` says that the files hold each image column by column, `label_columns` that the class is the
    first of several numbers of each label. `drawing` is the way a drawn digit is made into such an image.
    """

    key: str
    title: str
    about: str
    one: str
    image_shape: tuple[int, int]
    class_names: tuple[str, ...]
    origin: str
    torchvision: str | None
    download_megabytes: int
    largest: int = 255
    files: tuple[str, str, str, str] = MNIST_FILES
    zipped: bool = False
    transposed: bool = False
    label_columns: bool = False
    drawing: Literal["centred", "blocks"] = "centred"


SOURCES: dict[str, Source] = {
    source.key: source
    for source in (
        Source(
            key="uci",
            title="UCI handwriting",
            about="1,797 real digits of 8 × 8 pixels; comes with the app, needs no download.",
            one="digit",
            image_shape=(8, 8),
            class_names=DIGIT_NAMES,
            origin="UCI Optical Recognition of Handwritten Digits (Alpaydin, Kaynak 1998), CC BY 4.0, in scikit-learn",
            torchvision=None,
            download_megabytes=0,
            largest=16,
            drawing="blocks",
        ),
        Source(
            key="mnist",
            title="MNIST",
            about="70,000 digits of 28 × 28 pixels, the data set nearly every published figure is about.",
            one="digit",
            image_shape=(28, 28),
            class_names=DIGIT_NAMES,
            origin="LeCun, Cortes, Burges (1998), CC BY-SA 3.0",
            torchvision="MNIST",
            download_megabytes=12,
        ),
        Source(
            key="fashion_mnist",
            title="Fashion-MNIST",
            about="70,000 pieces of clothing in MNIST's format; harder than digits.",
            one="piece of clothing",
            image_shape=(28, 28),
            class_names=(
                *("T-shirt", "Trouser", "Pullover", "Dress", "Coat"),
                *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
            ),
            origin="Xiao, Rasul, Vollgraf (Zalando Research, 2017), MIT licence",
            torchvision="FashionMNIST",
            download_megabytes=31,
        ),
        Source(
            key="kmnist",
            title="Kuzushiji-MNIST",
            about="70,000 characters of cursive Japanese in MNIST's format.",
            one="character",
            image_shape=(28, 28),
            class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
            origin="Center for Open Data in the Humanities (2018), CC BY-SA 4.0",
            torchvision="KMNIST",
            download_megabytes=21,
        ),
        Source(
            key="emnist_digits",
            title="EMNIST digits",
            about="280,000 digits in MNIST's format; a large download, because it comes in one archive with letters.",
            one="digit",
            image_shape=(28, 28),
            class_names=DIGIT_NAMES,
            origin="Cohen, Afshar, Tapson, van Schaik (2017), from NIST Special Database 19",
            torchvision="EMNIST",
            download_megabytes=562,
            files=(
                *("emnist-digits-train-images-idx3-ubyte", "emnist-digits-train-labels-idx1-ubyte"),
                *("emnist-digits-test-images-idx3-ubyte", "emnist-digits-test-labels-idx1-ubyte"),
            ),
            zipped=True,
            transposed=True,
        ),
        Source(
            key="qmnist",
            title="QMNIST",
            about="MNIST made again from its sources, with 60,000 test digits instead of 10,000.",
            one="digit",
            image_shape=(28, 28),
            class_names=DIGIT_NAMES,
            origin="Yadav, Bottou (2019), BSD licence",
            torchvision="QMNIST",
            download_megabytes=20,
            files=(
                *("qmnist-train-images-idx3-ubyte", "qmnist-train-labels-idx2-int"),
                *("qmnist-test-images-idx3-ubyte", "qmnist-test-labels-idx2-int"),
            ),
            label_columns=True,
        ),
    )
}


def find_source(name: str) -> Source:
    """The entry of the data set `name`; ValueError names the ones there are."""
    if not isinstance(name, str) or name not in SOURCES:
        raise ValueError(f"There is no data set {name!r}; choose one of: {', '.join(SOURCES)}.")
    return SOURCES[name]


def check_classes(classes: Iterable[int] | None) -> tuple[int, ...]:
    """The classes to tell apart as a tuple of numbers 0 to 9; None stands for all ten.

    Raises ValueError for a class that does not exist, for one named twice and for fewer than two.
    """
    if classes is None:
        return tuple(range(10))
    if isinstance(classes, str | bytes) or not isinstance(classes, Iterable):
        raise ValueError(f"Classes are a sequence of whole numbers such as (3, 7), not {classes!r}.")
    numbers = tuple(_class_number(item) for item in classes)
    if len(numbers) < 2:
        raise ValueError(f"Choose at least two classes; {numbers} leaves nothing to tell apart.")
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        raise ValueError(f"Choose classes that differ; {twice[0]} is named twice.")
    return numbers


def _class_number(item: object) -> int:
    try:
        number = index(item)  # type: ignore[arg-type]  # refuses what is no whole number, which is the point
    except TypeError:
        number = -1
    if isinstance(item, bool) or not 0 <= number <= 9:
        raise ValueError(f"There is no class {item!r}; classes are the whole numbers 0 to 9.")
    return number
