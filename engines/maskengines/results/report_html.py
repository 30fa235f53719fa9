"""A report as one HTML file that needs nothing else: pictures inside, curves drawn, prints on one page."""

from __future__ import annotations

import base64
from html import escape

from maskengines.results.maps import Curve
from maskengines.results.palettes import Scale
from maskengines.results.pictures import png
from maskengines.results.report import Report, axes, interval, named

INKS = ("#1b6ca8", "#c2452d")

_STYLE = """
@page{size:A4;margin:14mm}
*{box-sizing:border-box}
body{font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;color:#1d2329;
background:#fff;max-width:860px;margin:28px auto;padding:0 20px}
h1{font-size:28px;line-height:1.2;margin:0;font-weight:650}
h2{font-size:13px;font-weight:650;color:#59636e;margin:0 0 8px}
p{margin:4px 0 0;color:#59636e}
section{display:grid;grid-template-columns:1fr 1fr;gap:26px;margin-top:26px;break-inside:avoid}
figure{margin:0}
img{width:100%;display:block;image-rendering:auto;border-radius:3px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
td{padding:3px 0;vertical-align:top}
td+td{text-align:right;padding-left:14px}
.bar{height:5px;background:#e7ebef;border-radius:3px;overflow:hidden}
.bar i{display:block;height:100%;background:#1b6ca8}
.map{position:relative}
.map b{position:absolute;transform:translate(-50%,-50%);font-size:15px;color:#fff;
text-shadow:0 0 3px #000,0 0 3px #000,0 0 2px #000}
.legend{height:12px;border-radius:2px;margin-top:10px}
.ticks{display:flex;justify-content:space-between;font-size:12px;color:#59636e;margin-top:2px}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(185px,1fr));gap:10px 26px;margin-top:26px;
border-top:1px solid #dbe1e6;padding-top:14px}
.facts dt{font-size:12px;color:#59636e}
.facts dd{margin:0;overflow-wrap:anywhere}
"""


def html(page: Report) -> str:
    """The page as text."""
    facts = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in page.facts
    )
    overlay = f"data:image/png;base64,{base64.b64encode(png(page.overlay)).decode()}"
    photo = f"data:image/png;base64,{base64.b64encode(png(page.photo)).decode()}"
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(page.title)}</title><style>{_STYLE}</style>
<h1>{escape(page.title)}</h1><p>{escape(page.subtitle)}</p>
<section>
<figure><h2>What was asked about</h2><img src="{photo}" alt="The photo"></figure>
<figure><h2>{escape(page.unit.capitalize() or "Map")}</h2><div class="map">
<img src="{overlay}" alt="The map over the photo">{_marks(page)}</div>
{_legend(page.scale)}</figure>
</section>
<section>
<div><h2>Of the whole photo</h2><table>{_top(page)}</table></div>
<div>{_curves(page.curves)}</div>
</section>
<section>
<div><h2>Strongest regions, with 95 % intervals</h2><table>{_regions(page)}</table></div>
<div><h2>How to read it</h2>{_reading(page)}</div>
</section>
<dl class="facts">{facts}</dl>
</html>
"""


def _reading(page: Report) -> str:
    return "".join(f"<p>{escape(paragraph)}</p>" for paragraph in page.reading)


def _legend(scale: Scale) -> str:
    table = scale.table()
    stops = ",".join("#{:02x}{:02x}{:02x}".format(*table[i]) for i in range(0, len(table), 15))
    ticks = "".join(f"<span>{text}</span>" for _, text in scale.ticks())
    return (
        f'<div class="legend" style="background:linear-gradient(90deg,{stops})"></div>'
        f'<div class="ticks">{ticks}</div>'
    )


def _top(page: Report) -> str:
    return "".join(
        f'<tr><td>{escape(label)}<div class="bar"><i style="width:{100 * p:.2f}%"></i></div></td>'
        f"<td>{100 * p:.1f} %</td></tr>"
        for label, p in page.top
    )


def _marks(page: Report) -> str:
    return "".join(
        f'<b style="left:{100 * one.x:.2f}%;top:{100 * one.y:.2f}%">{rank}</b>'
        for rank, one in enumerate(page.regions, 1)
    )


def _regions(page: Report) -> str:
    return "".join(
        f"<tr><td>{rank} &nbsp; Region {one.region}</td><td>{interval(one)}</td></tr>"
        for rank, one in enumerate(page.regions, 1)
    )


def _curves(lines: list[Curve]) -> str:
    if not lines:
        return "<h2>Curves</h2><p>Stopped before they were drawn.</p>"
    left, top, width, height = 46, 8, 330, 190
    grid = "".join(
        f'<path d="M{left} {top + height * (1 - y):.1f}h{width}" stroke="#e2e7eb"/>'
        f'<text x="{left - 6}" y="{top + height * (1 - y) + 4:.1f}" text-anchor="end">{100 * y:.0f} %</text>'
        for y in (0, 0.5, 1)
    )
    grid += "".join(
        f'<text x="{left + width * x:.1f}" y="{top + height + 17}" '
        f'text-anchor="middle">{100 * x:.0f} %</text>'
        for x in (0, 0.5, 1)
    )
    drawn = "".join(
        _path(line, ink, (left, top, width, height)) for line, ink in zip(lines, INKS, strict=False)
    )
    names = " &nbsp; ".join(
        f'<span style="color:{ink}">{escape(named(line))}</span>'
        for line, ink in zip(lines, INKS, strict=False)
    )
    return (
        f"<h2>{escape(axes(lines))}</h2>"
        f'<svg viewBox="0 0 400 222" font-size="11" fill="#59636e">{grid}'
        f'<g fill="none" stroke-width="2.2" stroke-linejoin="round">{drawn}</g></svg>'
        f"<p>{names}</p>"
    )


def _path(line: Curve, ink: str, box: tuple[int, int, int, int]) -> str:
    left, top, width, height = box
    points = " ".join(
        f"{left + width * x:.1f},{top + height * (1 - y):.1f}" for x, y in zip(line.x, line.y, strict=True)
    )
    return f'<polyline points="{points}" stroke="{ink}"/>'
