"""Practice lesions drawn by this program, so that every screen works without a dataset.

No photo goes into them: each is painted from random numbers as thin layers of pigment, blood and
keratin over skin, and looked at through the Beer-Lambert law, by which a layer of density d lets
through exp(-d·k) of the light of a colour that it absorbs with strength k. That one rule gives
browns, reds and yellows as they appear together in dermoscopy. What the structures are and where
they lie follows the descriptions on dermoscopedia.org and in Argenziano et al., "Dermoscopy of
pigmented skin lesions: results of a consensus meeting via the Internet" (J Am Acad Dermatol, 2003).
They teach the use of the app, never a diagnosis.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from core.imaging.image import LesionImage
from core.lesion.measure import largest_part

WIDTH, HEIGHT = 600, 450
_Y, _X = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)

_ABSORPTION = np.array(  # of red, green and blue light by one unit of each layer
    [
        [0.48, 0.88, 1.16],  # melanin
        [0.16, 1.10, 0.72],  # blood
        [0.10, 0.38, 0.95],  # keratin
    ],
    np.float32,
)
_BLUE_GREY = np.array([118, 122, 146], np.float32)  # pigment deep in the skin, seen through it
_PEARL = np.array([275, 240, 225], np.float32)  # milia, scars and shiny white streaks
_HAIR = np.array([66, 44, 38], np.float32)


@dataclass(frozen=True, eq=False)
class Phantom:
    """One drawn lesion.

    Attributes:
        image: 600 × 450 pixels; its notes say that it is synthetic.
        mask: the lesion as it was drawn, bool of shape (450, 600).
        kind: a key of ``KINDS``: what it is drawn to resemble, not what it is.
        title: short label for lists, beginning with "Synthetic".
        description: what can be seen in it and that it has no diagnosis.
    """

    image: LesionImage
    mask: np.ndarray
    kind: str
    title: str
    description: str


class _Canvas:
    """The layers of one picture while it is painted: float32 arrays of shape (450, 600)."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.melanin, self.blood, self.keratin = np.zeros((3, HEIGHT, WIDTH), np.float32)
        self.veil, self.pearl = np.zeros((2, HEIGHT, WIDTH), np.float32)  # shares, 0 to 1
        self.depth, self.cover = np.zeros((2, HEIGHT, WIDTH), np.float32)  # set by outline
        self.centre, self.radius = (WIDTH / 2, HEIGHT / 2), 100.0

    def noise(self, cell: float) -> np.ndarray:
        """Smooth random hills about ``cell`` pixels wide, mean near 0, deviation near 1."""
        shape = (int(HEIGHT / cell) + 3, int(WIDTH / cell) + 3)
        grid = self.rng.standard_normal(shape).astype(np.float32)
        return 1.4 * cv2.resize(grid, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)

    def patch(self, share: float, cell: float = 70.0) -> np.ndarray:
        """Soft-edged patches, 0 to 1, that cover about ``share`` of the lesion."""
        hills = self.noise(cell) + 0.45 * self.noise(cell / 3) + 0.2 * self.noise(cell / 9)
        level = np.quantile(hills[self.depth > 0], 1 - share)
        return _ramp(hills - level, 1.5) * self.cover

    def cells(self, spacing: float) -> tuple[np.ndarray, np.ndarray]:
        """A honeycomb: (shade of each cell, 0 to 1; its walls, 0 to 1), cells ``spacing`` wide."""
        y, x = np.mgrid[0 : HEIGHT + spacing : spacing * 0.87, 0 : WIDTH + spacing : spacing]
        x[1::2] += spacing / 2
        points = np.stack([y, x]) + self.rng.normal(0, spacing * 0.17, (2, *x.shape))
        rows, columns = points.reshape(2, -1).astype(int)
        keep = (rows >= 0) & (rows < HEIGHT) & (columns >= 0) & (columns < WIDTH)
        seeds = np.ones((HEIGHT, WIDTH), np.uint8)
        seeds[rows[keep], columns[keep]] = 0
        kind = cv2.DIST_LABEL_PIXEL
        labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=kind)[1]
        x, y = (axis + 0.16 * spacing * self.noise(1.6 * spacing) for axis in (_X, _Y))
        labels = cv2.remap(labels.astype(np.float32), x, y, cv2.INTER_NEAREST).astype(int)
        walls = np.zeros((HEIGHT, WIDTH), np.float32)
        walls[:-1] = labels[1:] != labels[:-1]
        walls[:, :-1] += labels[:, 1:] != labels[:, :-1]
        walls = np.minimum(2.2 * cv2.GaussianBlur(walls, (0, 0), max(0.9, spacing / 10)), 1)
        shades = self.rng.random(labels.max() + 1, np.float32)[labels]
        return cv2.GaussianBlur(shades, (0, 0), spacing / 10), walls

    def dots(self, count: int, size: tuple[float, float], rim: float = 0.0) -> np.ndarray:
        """Round specks, 0 to 1, radius within ``size``; ``rim`` 1 puts them at the border only."""
        layer = np.zeros((HEIGHT, WIDTH), np.uint8)
        wanted = (self.depth > 0.02) & (self.depth < 1 - 0.75 * rim)
        rows, columns = np.nonzero(wanted)
        for i in self.rng.integers(0, len(rows), count):
            axes = self.rng.uniform(*size) * self.rng.uniform(0.75, 1.25, 2)
            _ellipse(layer, (columns[i], rows[i]), axes, self.rng.uniform(0, 180))
        return cv2.GaussianBlur(layer, (0, 0), 0.9).astype(np.float32) / 255

    def branches(self, count: int) -> np.ndarray:
        """Winding vessels that fork and thin out from the border inwards, 0 to 1."""
        layer = np.zeros((HEIGHT, WIDTH), np.uint8)
        for start in self.rng.uniform(0, 2 * np.pi) + np.arange(count) * 2 * np.pi / count:
            at = self.centre + 0.85 * self.radius * np.array([np.cos(start), np.sin(start)])
            self._branch(layer, at, start + np.pi + self.rng.normal(0, 0.4), 2, 1.1)
        return cv2.GaussianBlur(layer, (0, 0), 0.8).astype(np.float32) / 255

    def _branch(
        self, layer: np.ndarray, at: np.ndarray, angle: float, width: int, length: float
    ) -> None:
        path = [at]
        for _ in range(int(length * self.radius / 5)):
            angle += self.rng.normal(0, 0.26)
            path.append(path[-1] + 5 * np.array([np.cos(angle), np.sin(angle)]))
            if width > 1 and self.rng.random() < 0.13:
                fork = angle + self.rng.choice([-0.8, 0.8])
                self._branch(layer, path[-1], fork, width - 1, length * 0.5)
        _line(layer, np.array(path), width)

    def outline(self, radius: float, irregular: float, ragged: float, soft: float) -> None:
        """Set where the lesion is.

        Args:
            radius: mean radius in pixels.
            irregular: size of the lobes, as a share of the radius.
            ragged: size of fine teeth along the border, likewise.
            soft: width over which it fades into the skin, likewise.
        """
        rng = self.rng
        self.radius = radius
        self.centre = (WIDTH / 2 + rng.uniform(-35, 35), HEIGHT / 2 + rng.uniform(-20, 20))
        turn, stretch = rng.uniform(0, np.pi), rng.uniform(0.86, 0.97)
        x, y = _X - self.centre[0], _Y - self.centre[1]
        along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        angles = np.linspace(-np.pi, np.pi, 721)
        waves = sum(
            rng.normal() / k * np.cos(k * angles + rng.uniform(0, 2 * np.pi)) for k in range(2, 9)
        )
        reach = radius * np.exp(irregular * waves)
        angle, distance = np.arctan2(across, along), np.hypot(along * stretch, across / stretch)
        depth = 1 - distance / np.interp(angle, angles, reach).astype(np.float32)
        self.depth = depth + ragged * (self.noise(32) + 0.6 * self.noise(14) + 0.3 * self.noise(6))
        self.cover = _ramp(self.depth, soft)


def _ramp(values: np.ndarray, width: float) -> np.ndarray:
    """0 well below zero, 1 well above, with a smooth passage about ``width`` wide."""
    step = np.clip(values / width + 0.5, 0, 1)
    return step * step * (3 - 2 * step)


def _ellipse(
    layer: np.ndarray, centre: tuple[float, float], axes: np.ndarray, angle: float
) -> None:
    at = (round(16 * float(centre[0])), round(16 * float(centre[1])))
    lengths = (round(16 * axes[0]), round(16 * axes[1]))
    cv2.ellipse(layer, at, lengths, angle, 0, 360, 255, -1, cv2.LINE_AA, 4)


def _line(layer: np.ndarray, path: np.ndarray, width: int, value: int = 255) -> None:
    points = np.rint(path * 16).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(layer, [points], False, value, width, cv2.LINE_AA, 4)


def _naevus(c: _Canvas) -> str:
    c.outline(c.rng.uniform(105, 130), irregular=0.07, ragged=0.03, soft=0.34)
    _, net = c.cells(c.rng.uniform(9, 11))
    middle = _ramp(c.depth - 0.45, 1.0)
    c.melanin += c.cover * (0.46 + 0.42 * middle + 0.09 * c.noise(40) + 0.06 * c.noise(12))
    c.melanin += (
        0.34 * net * c.cover * (1 - 0.7 * middle) * np.clip(0.7 + 0.4 * c.noise(30), 0, 1.4)
    )
    c.melanin += 0.35 * c.dots(40, (1.3, 2.8), rim=0.4)
    c.blood += 0.16 * c.cover
    return (
        "Round, of one family of browns, with a regular pigment network that fades at the border."
    )


def _melanoma(c: _Canvas) -> str:
    c.outline(c.rng.uniform(125, 145), irregular=0.24, ragged=0.05, soft=0.20)
    _, net = c.cells(13)
    dark, regression = c.patch(0.25, 90), c.patch(0.10, 60)
    c.melanin += c.cover * (0.50 + 0.14 * c.noise(45) + 0.10 * c.noise(14) + 0.05 * c.noise(5))
    c.melanin += 1.1 * dark + 0.5 * net * c.patch(0.4) + 0.8 * c.dots(60, (1.3, 3.6), rim=0.7)
    c.melanin *= 1 - 0.7 * regression
    c.blood += 0.20 * c.cover + 0.25 * c.patch(0.2)
    c.veil += 0.45 * c.patch(0.15, 80)
    c.pearl += 0.25 * regression
    return "Asymmetric, with a notched border, several colours, a blue-white veil and uneven dots."


def _keratosis(c: _Canvas) -> str:
    c.outline(c.rng.uniform(110, 130), irregular=0.10, ragged=0.03, soft=0.09)
    shade, furrows = c.cells(26)
    rim = c.cover * (1 - _ramp(c.depth - 0.12, 0.2))
    c.melanin += c.cover * (0.24 + 0.16 * shade + 0.12 * c.noise(34) + 0.09 * c.noise(10))
    c.melanin += 0.16 * rim + 0.30 * furrows * c.patch(0.5) + 0.25 * c.patch(0.3)
    c.keratin += c.cover * (0.16 + 0.05 * c.noise(50))
    c.blood += 0.12 * c.cover
    c.melanin += 1.1 * c.dots(15, (2.5, 6.0))
    c.pearl += 0.6 * c.dots(36, (1.5, 3.5))
    return "A waxy plaque with a sharp border, pale milia-like cysts and dark comedo-like openings."


def _vascular(c: _Canvas) -> str:
    c.outline(c.rng.uniform(80, 105), irregular=0.12, ragged=0.06, soft=0.16)
    shade, septa = c.cells(24)
    lakes = c.cover * (1 - 0.6 * cv2.GaussianBlur(septa, (0, 0), 1.2) * c.patch(0.85))
    c.blood += lakes * (1.15 + 0.4 * shade + 0.25 * c.noise(30) + 0.10 * c.noise(9))
    c.blood += 0.15 * _ramp(c.depth + 0.2, 0.6)
    c.melanin += 0.40 * lakes * c.patch(0.3) + 0.10 * c.cover
    return "Well-defined red to maroon lacunae divided by paler septa, without pigment network."


def _basal_cell(c: _Canvas) -> str:
    c.outline(c.rng.uniform(105, 130), irregular=0.14, ragged=0.05, soft=0.32)
    vessels = c.branches(6) * _ramp(c.depth + 0.05, 0.2)
    c.blood += c.cover * (0.22 + 0.09 * c.noise(40) + 0.06 * c.noise(9)) + 0.75 * vessels
    c.melanin += c.cover * (0.08 + 0.06 * c.noise(30)) + 0.35 * c.patch(0.12, 40)
    c.melanin += 0.45 * c.dots(18, (1.5, 4.0), rim=0.9)
    c.veil += 0.45 * cv2.GaussianBlur(c.dots(11, (5.0, 11.0), rim=0.5), (0, 0), 3)
    c.pearl += 0.25 * c.patch(0.3, 35)
    return "Pale pink and pearly, with branching vessels in focus and blue-grey ovoid nests."


KINDS: dict[str, Callable[[_Canvas], str]] = {
    "naevus": _naevus,
    "melanoma": _melanoma,
    "keratosis": _keratosis,
    "vascular": _vascular,
    "basal cell": _basal_cell,
}


def make_phantom(seed: int, kind: str) -> Phantom:
    """Draw a lesion; the same seed and kind give the same pixels again.

    Args:
        seed: any whole number from 0; it is also the number in the title.
        kind: a key of ``KINDS``.

    Raises:
        ValueError: the kind is not known.
    """
    if kind not in KINDS:
        raise ValueError(f"Unknown kind of phantom {kind!r}; choose one of {', '.join(KINDS)}.")
    rng = np.random.default_rng([seed, *kind.encode()])
    canvas = _Canvas(rng)
    seen = KINDS[kind](canvas)
    rgb = _photograph(canvas)
    mask = largest_part(canvas.depth > 0)
    mask.setflags(write=False)
    title = _title(seed, kind)
    description = (
        f"{seen} Drawn by a program to practise with; it is not a photo of a person and has no "
        "diagnosis, so no answer about it is right or wrong."
    )
    note = "This picture is synthetic: it was drawn by a program."
    return Phantom(LesionImage.from_array(rgb, title, (note,)), mask, kind, title, description)


PRACTICE = ("naevus", "melanoma", "keratosis", "vascular", "basal cell", "naevus")
"""Kinds of the practice lesions, in their order; the first has the number and seed 1."""


@lru_cache(maxsize=len(PRACTICE))
def practice_lesion(title: str) -> Phantom:
    """The practice lesion with that title, drawn at the first call.

    Raises:
        ValueError: there is none.
    """
    number = practice_titles().index(title) + 1
    return make_phantom(number, PRACTICE[number - 1])


def practice_titles() -> tuple[str, ...]:
    """Titles of the practice lesions; nothing is drawn."""
    return tuple(_title(number, kind) for number, kind in enumerate(PRACTICE, start=1))


def practice_set() -> tuple[Phantom, ...]:
    """All practice lesions, every kind at least once."""
    return tuple(practice_lesion(title) for title in practice_titles())


def _title(seed: int, kind: str) -> str:
    return f"Synthetic practice lesion {seed} ({kind}-like)"


def _photograph(c: _Canvas) -> np.ndarray:
    """The painted layers, laid on skin and seen by a camera: uint8 of shape (450, 600, 3)."""
    rng = c.rng
    _, lines = c.cells(12)
    melanin = c.melanin + 0.020 * c.noise(110) + 0.014 * c.noise(30) + 0.018 * c.noise(3) + 0.06
    blood = c.blood + 0.024 * c.noise(90) + 0.016 * c.noise(25) + 0.022 * c.noise(6) + 0.08
    melanin = melanin - 0.035 * lines * (1 - 0.5 * c.cover)
    layers = np.maximum(np.stack([melanin, blood, c.keratin], axis=-1), 0)
    skin = rng.uniform((222, 166, 164), (238, 194, 196)).astype(np.float32)
    rgb = skin * np.exp(-layers @ _ABSORPTION)
    for share, colour in ((c.veil, _BLUE_GREY), (c.pearl, _PEARL)):
        lit = colour * (0.6 + rgb[..., 1:2] / 400)  # as bright as what lies around it
        rgb += np.clip(share, 0, 0.9)[..., None] * (lit - rgb)
    rgb = _hairs(rgb, rng, int(rng.integers(2, 6)))
    glints = np.zeros((HEIGHT, WIDTH), np.uint8)
    for centre in rng.uniform((0, 0), (WIDTH, HEIGHT), (int(rng.integers(6, 14)), 2)):
        _ellipse(glints, tuple(centre), rng.uniform(0.4, 1.6, 2), rng.uniform(0, 180))
    rgb += 0.55 * (255 - rgb) * cv2.GaussianBlur(glints, (0, 0), 0.7)[..., None] / np.float32(255)
    x, y = 2 * _X / WIDTH - 1, 2 * _Y / HEIGHT - 1
    light = 1.02 - 0.07 * (x * x + y * y) ** 1.5 + rng.uniform(-0.03, 0.03) * x
    rgb = cv2.GaussianBlur(rgb * light[..., None], (0, 0), 0.8)
    rgb += rng.standard_normal(rgb.shape, np.float32) * 1.6
    return np.clip(rgb, 0, 255).astype(np.uint8)


def _hairs(rgb: np.ndarray, rng: np.random.Generator, count: int) -> np.ndarray:
    """Lay a few curved hairs over a picture, each with a faint shadow beside it."""
    hairs = np.zeros((HEIGHT, WIDTH), np.uint8)
    t = np.linspace(0, 1, 40)[:, None]
    main = rng.uniform(0, np.pi)
    for _ in range(count):
        angle, length = main + rng.normal(0, 0.5), rng.uniform(120, 330)
        step = length * np.array([np.cos(angle), np.sin(angle)])
        start = rng.uniform((0, 0), (WIDTH, HEIGHT)) - step / 2
        bend = start + step / 2 + rng.normal(0, 0.18 * length, 2)
        path = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * (start + step)
        width = int(rng.integers(1, 3))
        for value, part in ((130, path), (190, path[1:-5]), (230, path[2:-10])):  # thins to the tip
            _line(hairs, part, width, value)
    opaque = cv2.GaussianBlur(hairs, (0, 0), 0.7).astype(np.float32)[..., None] / 300
    shadow = cv2.GaussianBlur(np.roll(opaque, (3, 2), (0, 1)), (0, 0), 1.5)[..., None]
    return (rgb * (1 - 0.25 * shadow)) * (1 - opaque) + _HAIR * opaque
