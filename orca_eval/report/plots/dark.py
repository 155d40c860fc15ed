"""Plots on a dark page: the same SVG, whose ink and paper follow the colour scheme of the page."""

DARK = {
    "#222222": "#ececf0",  # ink
    "#ffffff": "#17181c",  # paper, as in report.css
    "#888888": "#a4a9b3",  # faint
    "#dddddd": "#3a3d46",  # grids
    "#e4e4e4": "#3a3d46",
    "#f1f1f1": "#2a2d35",  # bands
    "#eeeeee": "#2a2d35",  # nothing measured
}
"""What stands for the light colours; those of models and scales stay as they are."""
_RULES = "".join(
    f'[style*="{of}: {light}"]{{{of}:{dark}!important}}'
    for light, dark in DARK.items()
    for of in ("fill", "stroke")
)
_STYLE = f"@media screen and (prefers-color-scheme:dark){{{_RULES}}}</style>".encode()


def following_the_page(svg: bytes) -> bytes:
    """Add the dark colours to a plot. Programs that know no media queries show the light ones."""
    return svg.replace(b"</style>", _STYLE, 1)
