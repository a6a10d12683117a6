"""A run on one page, `report.html`: nothing is fetched, and nothing is run."""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from html import escape
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from experiments.fcn.class_pictures import as_rgb, index_picture
from experiments.fcn.metrics import Scores
from experiments.fcn.resuming import flat
from experiments.fcn.task import Classes, Sample
from experiments.files import write_whole

TEMPLATE = Path(__file__).with_name("report_template.html")
MAX_SIDE = 480  # pixels of an example's pictures
Example = tuple[Sample, float, NDArray[np.uint8]]  # with its mean IoU and its prediction


class Page(NamedTuple):
    """The content of the page."""

    title: str
    settings: Mapping[str, Any]
    seconds: float  # of training
    classes: Classes
    scores: Scores
    confusion: NDArray[np.int64]
    best: Sequence[Example]
    worst: Sequence[Example]
    model: str = ""  # which checkpoint is in which file


def save_page(page: Page, curves: Path, confusion: Path, file: Path) -> None:
    """Write the page, with the two pictures that are given as files."""
    template = Template(TEMPLATE.read_text(encoding="utf-8"))
    result, classes = page.scores, page.classes
    text = template.substitute(
        title=escape(page.title),
        date=date.today().isoformat(),
        seconds=f"{page.seconds:,.0f}",
        model=escape(page.model),
        tiles="".join(
            f"<div><dt>{escape(name)}</dt><dd>{percent(value)}</dd></div>\n"
            for name, value in headline(result, classes)
        ),
        legend=legend(classes),
        class_rows="".join(class_rows(result, classes)),
        curves=figure(data_uri(curves.read_bytes()), "Training loss and held-out mean IoU over the steps"),
        confusion=figure(data_uri(confusion.read_bytes()), confusion_in_words(page.confusion, classes), "matrix"),
        best="".join(example(x, classes) for x in page.best) or "<p>None.</p>",
        worst="".join(example(x, classes) for x in page.worst) or "<p>None.</p>",
        settings="".join(setting(name, value) for name, value in flat(dict(page.settings)).items()),
    )
    write_whole(file, text)


def headline(result: Scores, classes: Classes) -> Iterable[tuple[str, float]]:
    yield "mean IoU", result.mean_iou
    if classes.background is not None:
        yield f"mean {classes.foreground} IoU", result.foreground_iou
    yield "pixel accuracy", result.pixel_accuracy
    yield "mean accuracy", result.mean_accuracy
    yield "frequency-weighted IoU", result.frequency_weighted_iou


def percent(value: float) -> str:
    return "–" if np.isnan(value) else f"{100 * value:.1f} %"


def legend(classes: Classes) -> str:
    entries = zip(classes.names, classes.colours, strict=True)
    known = "".join(f"<li>{swatch(colour)} {escape(name)}</li>\n" for name, colour in entries)
    return f"{known}<li>{swatch('#999999')} not counted</li>\n"


def swatch(colour: str) -> str:
    return f'<span class="swatch" style="background:{escape(colour)}"></span>'


def class_rows(result: Scores, classes: Classes) -> Iterable[str]:
    columns = (result.class_iou, result.class_accuracy, result.class_share)
    for name, colour, iou, accuracy, share in zip(classes.names, classes.colours, *columns, strict=True):
        bar = "" if np.isnan(iou) else f'<span class="bar" style="width:{100 * iou:.1f}%"></span>'
        yield (
            f'<tr><th scope="row">{swatch(colour)} {escape(name)}</th><td class="iou">{bar}'
            f"<span>{percent(iou)}</span></td><td>{percent(accuracy)}</td><td>{100 * share:.2f} %</td></tr>\n"
        )


def confusion_in_words(confusion: NDArray[np.int64], classes: Classes) -> str:
    """The most frequent mistake, in a sentence."""
    share = confusion / np.maximum(1, confusion.sum(1, keepdims=True))
    np.fill_diagonal(share, 0)
    true, as_class = np.unravel_index(share.argmax(), share.shape)
    if share[true, as_class] == 0:
        return "Confusion matrix: no class is taken for another."
    names = classes.names[true], classes.names[as_class]
    return (
        f"Confusion matrix. The most frequent mistake: {100 * share[true, as_class]:.1f} % of the pixels of "
        f"“{names[0]}” are taken for “{names[1]}”."
    )


def example(chosen: Example, classes: Classes) -> str:
    sample, mean_iou, predicted = chosen
    name = escape(sample.name)
    triple = (
        (encoded(small(as_rgb(sample.image), smooth=True), "jpeg", quality=85), "picture", "photo"),
        (class_uri(sample.labels, classes), "truth", "mask"),
        (class_uri(predicted, classes), "prediction", "mask"),
    )
    shown = "".join(
        f'<div><img class="{kind}" src="{uri}" alt="{what} of {name}" loading="lazy"><span>{what}</span></div>'
        for uri, what, kind in triple
    )
    return (
        f'<figure class="example"><figcaption><b>{name}</b> mean IoU {percent(mean_iou)}</figcaption>'
        f'<div class="triple">{shown}</div></figure>\n'
    )


def class_uri(labels: NDArray, classes: Classes) -> str:
    """The class colours; what is not counted is grey."""
    return encoded(small(index_picture(labels.astype(np.uint8), classes), smooth=False), "png")


def small(picture: Image.Image, *, smooth: bool) -> Image.Image:
    """At most `MAX_SIDE` wide or high; an index is never a mixture of others."""
    scale = min(1.0, MAX_SIDE / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS if smooth else Image.Resampling.NEAREST)


def figure(uri: str, text: str, kind: str = "plain") -> str:
    return (
        f'<figure class="{kind}"><img src="{uri}" alt="{escape(text)}"><figcaption>{escape(text)}</figcaption></figure>'
    )


def encoded(picture: Image.Image, kind: str, **options: Any) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return data_uri(buffer.getvalue(), kind)


def data_uri(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def setting(name: str, value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else "–" if value is None else str(value)
    breaking = escape(name).replace(".", ".<wbr>").replace("_", "_<wbr>")
    return f'<tr><th scope="row">{breaking}</th><td>{escape(text) or "–"}</td></tr>\n'
