"""Ways to paint one and the same scene: watercolour, pixels, ink, oil, poster, photograph, mosaic, comic, sepia."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from notebookgen.sandbox.finish import grain, vignette

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from notebookgen.sandbox.colours import RGB

__all__ = ["styled"]


def styled(image: Image.Image, style: str, rng: random.Random) -> Image.Image:
    """Return the picture in a style; an unknown one gives the plain finish, grain and a light vignette."""
    return _STYLES.get(style, _plain)(image, rng)


def _plain(image: Image.Image, _: random.Random) -> Image.Image:
    return grain(vignette(image))


def _watercolour(image: Image.Image, rng: random.Random) -> Image.Image:
    """Wobble the edges, let the paint pool at them, thin it unevenly, leave a ragged paper border."""
    width, height = image.size
    wet = _wobbled(image, rng, max(4, min(width, height) // 150))
    soft = wet.filter(ImageFilter.BoxBlur(max(2, min(width, height) // 220)))
    edges = (
        soft.resize((width // 2, height // 2))
        .filter(ImageFilter.FIND_EDGES)
        .convert("L")
        .point([255 - min(90, v * 3) for v in range(256)])
    )
    pooled = ImageChops.multiply(
        Image.blend(soft, wet, 0.45), Image.merge("RGB", [edges.resize(image.size, Image.Resampling.BILINEAR)] * 3)
    )
    thin = (
        Image.frombytes("L", (14, 14), rng.randbytes(196))
        .resize(image.size, Image.Resampling.BICUBIC)
        .point([40 + v * 75 // 255 for v in range(256)])
    )
    paper = Image.new("RGB", image.size, (251, 247, 238))
    paint = Image.composite(paper, pooled, thin)
    mask = Image.new("L", (width // 2, height // 2))
    draw, unit = ImageDraw.Draw(mask), min(width, height) / 2
    line = []
    for i in range(120):
        a = i * math.tau / 120
        squash = 1 / max(abs(math.cos(a)) ** 12 + abs(math.sin(a)) ** 12, 1e-9) ** (1 / 12)
        ragged = squash * (1 - rng.random() * 0.016)
        line.append(
            (
                width / 4 + math.cos(a) * ragged * (width / 4 - unit * 0.055),
                height / 4 + math.sin(a) * ragged * (height / 4 - unit * 0.055),
            )
        )
    draw.polygon(line, fill=255)
    mask = mask.filter(ImageFilter.GaussianBlur(unit * 0.006)).resize(image.size, Image.Resampling.BILINEAR)
    return grain(Image.composite(paint, paper, mask), 16)


def _wobbled(image: Image.Image, rng: random.Random, reach: int) -> Image.Image:
    columns, rows = 18, 18
    xs = [round(image.width * i / columns) for i in range(columns + 1)]
    ys = [round(image.height * i / rows) for i in range(rows + 1)]
    knots = [
        [
            (
                x + (rng.uniform(-reach, reach) if 0 < i < columns else 0),
                y + (rng.uniform(-reach, reach) if 0 < j < rows else 0),
            )
            for i, x in enumerate(xs)
        ]
        for j, y in enumerate(ys)
    ]
    mesh = []
    for j in range(rows):
        for i in range(columns):
            corners = (knots[j][i], knots[j + 1][i], knots[j + 1][i + 1], knots[j][i + 1])
            mesh.append(((xs[i], ys[j], xs[i + 1], ys[j + 1]), tuple(value for corner in corners for value in corner)))
    return image.transform(image.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def _pixel(image: Image.Image, _: random.Random) -> Image.Image:
    """Few large pixels in few colours."""
    across = 112 * image.width // max(image.size)
    down = 112 * image.height // max(image.size)
    small = ImageEnhance.Color(image.resize((across, down), Image.Resampling.BOX)).enhance(1.2)
    few = small.quantize(28, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    return few.resize(image.size, Image.Resampling.NEAREST)


#: Sobel's kernels, down, up, right and left: where brightness changes.
_SLOPES = (
    (-1, -2, -1, 0, 0, 0, 1, 2, 1),
    (1, 2, 1, 0, 0, 0, -1, -2, -1),
    (-1, 0, 1, -2, 0, 2, -1, 0, 1),
    (1, 0, -1, 2, 0, -2, 1, 0, -1),
)


def _line(image: Image.Image, rng: random.Random) -> Image.Image:
    """Ink outlines and hatching on cream paper."""
    shaky = _wobbled(image, rng, 3)
    grey = ImageOps.grayscale(shaky)
    slopes = [grey.filter(ImageFilter.Kernel((3, 3), kernel, 1, 0)) for kernel in _SLOPES]
    edges, sides = ImageChops.lighter(slopes[0], slopes[1]), ImageChops.lighter(slopes[2], slopes[3])
    ink = (
        ImageChops.lighter(edges, sides)
        .point([min(255, max(0, v - 14) * 5) for v in range(256)])
        .filter(ImageFilter.MaxFilter(3))
    )
    ImageDraw.Draw(ink).rectangle((0, 0, image.width - 1, image.height - 1), outline=0, width=3)
    hatch = Image.new("L", image.size)
    draw, step = ImageDraw.Draw(hatch), max(5, min(image.size) // 110)
    for x in range(-image.height, image.width, step):
        draw.line((x, image.height, x + image.height, 0), fill=150, width=1)
    dark = grey.point([255 if v < 92 else 0 for v in range(256)])
    cross = Image.new("L", image.size)
    draw = ImageDraw.Draw(cross)
    for x in range(0, image.width + image.height, step):
        draw.line((x, image.height, x - image.height, 0), fill=140, width=1)
    middle = grey.point([255 if v < 150 else 0 for v in range(256)])
    lines = ImageChops.lighter(ImageChops.multiply(hatch, middle), ImageChops.multiply(cross, dark))
    paper = Image.blend(Image.new("RGB", image.size, (250, 245, 233)), shaky, 0.1)
    return grain(Image.composite(Image.new("RGB", image.size, (38, 34, 48)), paper, ImageChops.lighter(ink, lines)), 10)


def _oil(image: Image.Image, rng: random.Random) -> Image.Image:
    """Thick strokes along a swirling field, coarse first, fine last."""
    small = image.reduce(4).filter(ImageFilter.BoxBlur(1))
    look = _pixels(small)
    out = image.filter(ImageFilter.BoxBlur(4))
    draw = ImageDraw.Draw(out)
    unit = min(image.size)
    a, b, c = (rng.uniform(0, 6) for _ in range(3))
    for length, thick, count in ((0.05, 0.016, 1500), (0.032, 0.009, 3600)):
        for _ in range(count):
            x, y = rng.random() * (image.width - 1), rng.random() * (image.height - 1)
            turn = math.sin(x / unit * 5 + a) + math.cos(y / unit * 6 + b) + 0.6 * math.sin((x + y) / unit * 4 + c)
            red, green, blue = look(x / 4, y / 4)
            tone = rng.randint(-16, 18)
            dx, dy = math.cos(turn) * length * unit / 2, math.sin(turn) * length * unit / 2
            draw.line(
                (x - dx, y - dy, x + dx, y + dy),
                fill=(red + tone, green + tone, blue + tone),
                width=round(thick * unit),
            )
    relief = out.convert("L").filter(ImageFilter.EMBOSS).point([100 + v * 56 // 255 for v in range(256)])
    lit = ImageChops.overlay(out, Image.merge("RGB", (relief, relief, relief)))
    return grain(vignette(ImageEnhance.Color(lit).enhance(1.18)), 8)


def _pixels(image: Image.Image) -> Callable[[float, float], RGB]:
    """Return the picture as a function of the place; beyond the edge it goes on as it ended."""
    data, width, height = image.convert("RGB").tobytes(), image.width, image.height

    def look(x: float, y: float) -> RGB:
        at = 3 * (max(0, min(width - 1, int(x))) + width * max(0, min(height - 1, int(y))))
        return data[at], data[at + 1], data[at + 2]

    return look


def _poster(image: Image.Image, _: random.Random) -> Image.Image:
    """Few inks on warm paper, with a broad border."""
    few = (
        ImageEnhance.Color(image)
        .enhance(1.12)
        .quantize(26, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        .convert("RGB")
    )
    few = few.filter(ImageFilter.ModeFilter(3)) if max(image.size) <= 512 else few
    unit = min(image.size)
    edge = round(unit * 0.04)
    sheet = Image.new("RGB", image.size, (246, 236, 214))
    sheet.paste(few.crop((edge, edge, image.width - edge, image.height - edge)), (edge, edge))
    ImageDraw.Draw(sheet).rectangle(
        (edge - 1, edge - 1, image.width - edge, image.height - edge), outline=(58, 44, 48), width=max(1, unit // 340)
    )
    return grain(sheet, 18)


def _photo(image: Image.Image, _: random.Random) -> Image.Image:
    """Shallow focus, filmic contrast, warm highlights, film grain."""
    unit = min(image.size)
    soft = (
        image.reduce(2).filter(ImageFilter.BoxBlur(max(1, unit // 170))).resize(image.size, Image.Resampling.BILINEAR)
    )
    focus = (
        Image.radial_gradient("L")
        .resize(image.size, Image.Resampling.BILINEAR)
        .point([max(0, min(255, (v - 95) * 3)) for v in range(256)])
    )
    picture = Image.composite(soft, image, focus)
    bloom = (
        picture.reduce(4)
        .point([max(0, v - 150) * 2 for v in range(256)] * 3)
        .filter(ImageFilter.GaussianBlur(unit // 60))
        .resize(image.size, Image.Resampling.BILINEAR)
    )
    picture = ImageChops.screen(picture, bloom.point([v // 3 for v in range(256)] * 3))
    curve = [round(255 * (0.5 - 0.5 * math.cos(math.pi * (v / 255))) * 0.55 + v * 0.45) for v in range(256)]
    warm = [min(255, v + 5) for v in curve] + curve + [round(10 + v * 0.93) for v in curve]
    return grain(vignette(picture.point(warm), 90), 14)


def _mosaic(image: Image.Image, rng: random.Random) -> Image.Image:
    """Pieces of glass between dark lead."""
    unit = min(image.size)
    step = unit / 19
    columns, rows = math.ceil(image.width / step) + 1, math.ceil(image.height / step) + 1
    knots = [
        [((i + rng.uniform(-0.34, 0.34)) * step, (j + rng.uniform(-0.34, 0.34)) * step) for i in range(columns + 1)]
        for j in range(rows + 1)
    ]
    small = image.reduce(8).filter(ImageFilter.BoxBlur(1))
    look = _pixels(small)
    out = Image.new("RGB", (image.width * 2, image.height * 2), (30, 26, 36))
    draw = ImageDraw.Draw(out)
    for j in range(rows):
        for i in range(columns):
            a, b, c, d = knots[j][i], knots[j][i + 1], knots[j + 1][i + 1], knots[j + 1][i]
            for piece in ((a, b, c), (a, c, d)) if (i + j) % 2 else ((a, b, d), (b, c, d)):
                mx, my = sum(p[0] for p in piece) / 3, sum(p[1] for p in piece) / 3
                colour = look(mx / 8, my / 8)
                tone = rng.randint(-14, 20)
                fill = tuple(max(0, min(255, part + tone)) for part in colour)
                draw.polygon(
                    [(x * 2, y * 2) for x, y in piece], fill=fill, outline=(30, 26, 36), width=max(2, unit // 330)
                )
    return vignette(ImageEnhance.Color(out.reduce(2)).enhance(1.35), 50)


def _comic(image: Image.Image, _: random.Random) -> Image.Image:
    """Flat colours, halftone dots in the shadows, ink outlines."""
    unit = min(image.size)
    flat = ImageEnhance.Color(ImageOps.posterize(image, 3)).enhance(1.5)
    grey = ImageOps.grayscale(image)
    tile = max(4, unit // 110)
    dot = (
        Image.radial_gradient("L")
        .resize((tile * 2, tile * 2), Image.Resampling.BILINEAR)
        .crop((0, 0, tile * 2, tile * 2))
        .resize((tile, tile))
    )
    screen = Image.new("L", image.size)
    strip = Image.new("L", (image.width, tile))
    for x in range(0, image.width, tile):
        strip.paste(dot, (x, 0))
    for y in range(0, image.height, tile):
        screen.paste(strip, (0, y))
    dots = ImageChops.subtract(screen, grey, 1, 30).point([255 if v > 40 else 0 for v in range(256)])
    shaded = Image.composite(ImageEnhance.Brightness(flat).enhance(0.72), flat, dots)
    edges = (
        image.filter(ImageFilter.FIND_EDGES)
        .convert("L")
        .point([255 if v > 26 else 0 for v in range(256)])
        .filter(ImageFilter.MaxFilter(3))
    )
    return Image.composite(Image.new("RGB", image.size, (24, 20, 30)), shaded, edges)


def _sepia(image: Image.Image, _: random.Random) -> Image.Image:
    """Brown tones, faded."""
    grey = ImageOps.autocontrast(ImageOps.grayscale(image), cutoff=1)
    return grain(vignette(ImageOps.colorize(grey, (44, 28, 20), (250, 238, 210), mid=(160, 116, 78)), 96), 18)


_STYLES: dict[str, Callable[[Image.Image, random.Random], Image.Image]] = {
    "watercolour": _watercolour, "pixel": _pixel, "line": _line, "oil": _oil, "poster": _poster, "photo": _photo, "mosaic": _mosaic, "comic": _comic,
    "sepia": _sepia,
}  # fmt: skip
