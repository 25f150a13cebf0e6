"""The page with its data in one file, which opens offline and sends no request."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from topolens.explorer.files import read_json, replacing
from topolens.explorer.packed import packed
from topolens.explorer.store import Run
from topolens.explorer.training_log import training_document

PAGE = Path(__file__).with_name("page")
MOST_GRAPHS = 24
_SCRIPT = re.compile(r"<script\b([^>]*)\bsrc=\"([^\"]+)\"([^>]*)>\s*</script>", re.IGNORECASE)
_STYLE = re.compile(r"<link\b[^>]*\brel=\"stylesheet\"[^>]*>", re.IGNORECASE)
_ICON = re.compile(r"<link\b[^>]*\brel=\"(?:icon|modulepreload)\"[^>]*>", re.IGNORECASE)
_ENDS = re.compile(r"<(/script|script|!--)", re.IGNORECASE)  # in strings of a script they would end or hide it
_HREF = re.compile(r"\bhref=\"([^\"]+)\"")


def export_page(run: Run, path: str | Path, page: Path | None = None) -> Path:
    """Writes the page of a run, and gives its path.

    Args:
        run: The run.
        path: Where it goes.
        page: Folder of the built page; None: that of the package.

    Raises:
        ValueError: If the page was not built.
    """
    text = page_of(run, page)
    with replacing(Path(path)) as file:
        file.write(text.encode())
    return Path(path)


def file_name(run: Run) -> str:
    """What to call the file of a run: letters, digits and dashes."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", run.manifest["name"]).strip(".-") or "run"
    return f"{plain}.html"


def page_of(run: Run, page: Path | None = None) -> str:
    """The page and all that was made of the run, the 24 newest graphs of it.

    Raises:
        ValueError: If the page was not built.
    """
    index = built(page)
    return inlined(index.read_text(encoding="utf-8"), index.parent, data_of(run))


def built(page: Path | None = None) -> Path:
    """Where the built page begins.

    Raises:
        ValueError: If it was not built.
    """
    index = (page or PAGE) / "index.html"
    if not index.is_file():
        raise ValueError("the page was not built: run make page, which needs Node 20 or newer, and install again")
    return index


def data_of(run: Run) -> dict[str, Any]:
    """What the page reads instead of asking a server."""
    manifest = run.manifest
    columns, tiles = {}, {}
    for space in manifest["spaces"]:
        for column in space["columns"]:
            name = "/".join(filter(None, [space["id"], column["id"], column["checkpoint"]]))
            columns[name] = {"values": packed(run.column(space["id"], column["id"], column["checkpoint"])[1], "f32")}
        for sheet in range(space["tiles"]["sheets"] if space["tiles"] else 0):
            png = base64.b64encode(run.tiles_file(space["id"], sheet).read_bytes()).decode("ascii")
            tiles[f"{space['id']}/{sheet}"] = f"data:image/png;base64,{png}"
    heads = run.heads()[:MOST_GRAPHS]
    diagrams = [read_json(path) for path in sorted((run.folder / "diagrams").glob("*.json"))]
    return {
        "run": run.document(live=False),
        "columns": columns,
        "tiles": tiles,
        "findings": None if run.findings_file is None else read_json(run.findings_file),
        "training": training_document(run.log) if run.log.is_file() else None,
        "history": heads,
        "graphs": {head["key"]: run.result("graphs", head["key"]) for head in heads},
        "diagrams": {f"{diagram['layer']}/{diagram['checkpoint']}": diagram for diagram in diagrams},
        "groups": run.groups(),
    }


def inlined(html: str, folder: Path, data: Any) -> str:
    """The page with scripts, styles and data in it, and a policy that allows these scripts alone and no request.

    Raises:
        ValueError: If it names a file that is not there.
    """
    scripts: list[str] = []

    def script(match: re.Match[str]) -> str:
        kind = ' type="module"' if "module" in match[1] + match[3] else ""
        text = _ENDS.sub(r"\\x3C\1", _file(folder, match[2]))
        scripts.append(f"<script{kind}>{text}</script>")
        return ""

    def style(match: re.Match[str]) -> str:
        href = _HREF.search(match[0])
        text = "" if href is None else _file(folder, href[1]).replace("</style", "<\\/style")
        return f"<style>{text}</style>"

    html = _ICON.sub("", _STYLE.sub(style, _SCRIPT.sub(script, html)))
    content = json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    block = f'<script type="application/json" id="topolens-data">{content}</script>'
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">'
    head = re.search(r"<head[^>]*>", html)
    if head is None or "</body>" not in html:
        raise ValueError("index.html of the page must have a head and a body; build it again with make page")
    html = html[: head.end()] + policy + html[head.end() :]
    before, _, after = html.rpartition("</body>")
    return f"{before}{block}{''.join(scripts)}</body>{after}"


def _policy(scripts: list[str]) -> str:
    bodies = [script.partition(">")[2].removesuffix("</script>") for script in scripts]
    hashes = [base64.b64encode(hashlib.sha256(body.encode()).digest()).decode("ascii") for body in bodies]
    allowed = " ".join(f"'sha256-{each}'" for each in hashes) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _file(folder: Path, reference: str) -> str:
    known = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    name = reference.removeprefix("./").removeprefix("/")
    if name not in known:
        raise ValueError(f"the page names {reference}, which is not in its folder; build it again with make page")
    return known[name].read_text(encoding="utf-8")
