"""A report as one HTML file: pictures and looks inside, no script, nothing asked of any server."""

import base64

from jinja2 import Environment, PackageLoader, StrictUndefined

from core import __version__
from core.answer.words import SEVEN_ONLY
from core.report.content import SIMILAR, Report, unbroken
from core.report.downloads import DISCLAIMER


def to_html(report: Report) -> str:
    """The report as an HTML document, to be stored as UTF-8. Every text in it is escaped."""
    environment = Environment(
        loader=PackageLoader("core.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: unbroken(value) if isinstance(value, str) else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["base64"] = lambda data: base64.b64encode(data).decode("ascii")
    return environment.get_template("report.html").render(
        report=report,
        version=__version__,
        disclaimer=DISCLAIMER,
        seven_only=SEVEN_ONLY,
        similar_caption=SIMILAR,
    )
