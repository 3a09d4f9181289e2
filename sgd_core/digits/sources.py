"""The data sets the laboratory knows: what each one is, and which of its classes may be picked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import index

DIGIT_NAMES = tuple("0123456789")


@dataclass(frozen=True)
class Source:
    """One data set of ten classes.

    `key` is its name in code and links; `image_shape` is (height, width) in pixels; `folder` is the torchvision class
    that knows its files, and the folder they lie in (None for the data set that comes inside a package);
    `download_megabytes` is what a download costs, about; `origin` names where it comes from and under which terms.
    """

    key: str
    title: str
    about: str
    image_shape: tuple[int, int]
    class_names: tuple[str, ...]
    origin: str
    folder: str | None
    download_megabytes: int


SOURCES: dict[str, Source] = {
    source.key: source
    for source in (
        Source(
            key="uci",
            title="UCI handwriting",
            about="1,797 real digits of 8 × 8 pixels; comes with the app, needs no download.",
            image_shape=(8, 8),
            class_names=DIGIT_NAMES,
            origin="UCI Optical Recognition of Handwritten Digits (Alpaydin, Kaynak 1998), CC BY 4.0, in scikit-learn",
            folder=None,
            download_megabytes=0,
        ),
        Source(
            key="mnist",
            title="MNIST",
            about="70,000 digits of 28 × 28 pixels, the data set nearly every published figure is about.",
            image_shape=(28, 28),
            class_names=DIGIT_NAMES,
            origin="LeCun, Cortes, Burges (1998), CC BY-SA 3.0",
            folder="MNIST",
            download_megabytes=12,
        ),
        Source(
            key="fashion_mnist",
            title="Fashion-MNIST",
            about="70,000 pieces of clothing in MNIST's format; harder than digits.",
            image_shape=(28, 28),
            class_names=(
                *("T-shirt", "Trouser", "Pullover", "Dress", "Coat"),
                *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
            ),
            origin="Xiao, Rasul, Vollgraf (Zalando Research, 2017), MIT licence",
            folder="FashionMNIST",
            download_megabytes=31,
        ),
        Source(
            key="kmnist",
            title="Kuzushiji-MNIST",
            about="70,000 characters of cursive Japanese in MNIST's format.",
            image_shape=(28, 28),
            class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
            origin="Center for Open Data in the Humanities (2018), CC BY-SA 4.0",
            folder="KMNIST",
            download_megabytes=21,
        ),
        Source(
            key="emnist_digits",
            title="EMNIST digits",
            about="280,000 digits in MNIST's format; a large download, because it comes in one archive with letters.",
            image_shape=(28, 28),
            class_names=DIGIT_NAMES,
            origin="Cohen, Afshar, Tapson, van Schaik (2017), from NIST Special Database 19",
            folder="EMNIST",
            download_megabytes=562,
        ),
        Source(
            key="qmnist",
            title="QMNIST",
            about="MNIST made again from its sources, with 60,000 test digits instead of 10,000.",
            image_shape=(28, 28),
            class_names=DIGIT_NAMES,
            origin="Yadav, Bottou (2019), BSD licence",
            folder="QMNIST",
            download_megabytes=20,
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
