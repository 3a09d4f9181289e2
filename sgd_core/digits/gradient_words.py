"""What to notice about the gradient of a digit model, found by nudging each weight and by one backward pass."""

import numpy as np

from sgd_core.bet import Bet
from sgd_core.digits.weight_gradient import Comparison
from sgd_core.numbers import number, signed


def passes_bet(weights: int, images: int) -> Bet:
    """Ask how many passes over the images nudging so many weights (the bias among them) takes."""
    passes = f"{weights + 1:,}"
    return Bet(
        f"To find all {weights} slopes by nudging: how many passes over the {images:,} images?",
        ["2", passes, f"{weights * weights:,}"],
        passes,
        f"one as it is, and one for each of the {weights} weights. `backward()` needs 2 in all.",
    )


def tell_gradient(found: Comparison, names: tuple[str, ...], *, answered: bool = True) -> list[str]:
    """Say what both ways found; and what they cost, which the bet asks for, only once it is `answered`."""
    weights = found.by_differences.forward - 1
    pixels = found.maps(found.exact)[0]
    row, column = np.unravel_index(int(np.abs(pixels).argmax()), pixels.shape)
    steepest = float(pixels[row, column])
    return [
        f"Both ways find the same {weights} numbers, but for at most {number(found.largest_difference, 2)}.",
        f"Nudging took {found.by_differences.forward} passes over {found.images:,} images. The other way took one pass "
        f"forward and one back, however many weights there are: {number(1000 * found.by_differences.seconds, 3)} ms against "
        f"{number(1000 * found.exact.seconds, 3)} ms here."
        if answered
        else "",
        f"The steepest entry, {signed(steepest)}, belongs to the pixel in row {row}, column {column}. A "
        f"{'larger' if steepest < 0 else 'smaller'} weight there lowers the loss (now {number(found.loss)}) fastest. Ink on "
        f"a blue pixel speaks for “{names[0]}”, on a red one for “{names[1]}”.",
        f"{found.blank_pixels} pixels are blank in every training image. Their gradient is exactly 0, so no step will ever "
        "move their weights."
        if found.blank_pixels
        else "",
    ]
