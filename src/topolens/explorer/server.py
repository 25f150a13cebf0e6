"""What the server answers: documents of the run, jobs, and the page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import Body, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, StreamingResponse
from starlette.exceptions import HTTPException

from topolens.explorer import aligned, export, grid, settings, training_log, trust
from topolens.explorer.cost import estimate
from topolens.explorer.diagrams import diagram_key
from topolens.explorer.jobs import OVER, Jobs
from topolens.explorer.packed import packed
from topolens.explorer.safety import Guard
from topolens.explorer.store import NotFoundError, Run

Content = Annotated[dict[str, Any], Body()]
Listed = Annotated[list[Any], Body()]
PAUSE = 0.1  # seconds between looks at a job
LOOKS = 0.5  # seconds between looks at a training log
UNBUILT = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>topolens explorer</title>'
    "<p>The page was not built: run <code>make page</code>, which needs Node 20 or newer, and install again. "
    'The data is there all the same: <a href="/api/run">the run</a>.</p></html>'
)


def application(run: Run, jobs: Jobs, token: str, port: int, page: Path | None = None) -> Guard:
    """The guarded ASGI application of a run.

    Args:
        run: What is shown.
        jobs: Where graphs are made.
        token: Secret that opens.
        port: Where it will listen.
        page: Folder of the built page; None: that of the package.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, title="topolens explorer")
    _errors(app)
    _documents(app, run)
    _graphs(app, run, jobs)
    _of_graphs(app, run, jobs)
    _jobs(app, jobs)
    _others(app, run, jobs)
    _page(app, run, page or export.PAGE)
    return Guard(app, token, port)


def _json(content: Any, status: int = 200) -> Response:
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return Response(text, status_code=status, media_type="application/json")


def _refused(status: int) -> Callable[[Request, Exception], Response]:
    def answer(request: Request, error: Exception) -> Response:
        return _json({"error": " ".join(str(error).split())}, status)

    return answer


def _errors(app: FastAPI) -> None:
    """Every error is one sentence."""
    app.add_exception_handler(NotFoundError, _refused(404))
    app.add_exception_handler(ValueError, _refused(400))

    def invalid(request: Request, error: Exception) -> Response:
        return _json({"error": "the request must hold JSON of the form that docs/decisions/0012 tells"}, 400)

    def unknown(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        told = "there is nothing at this address" if error.status_code in (404, 405) else error.detail
        return _json({"error": told}, error.status_code)

    def fault(request: Request, error: Exception) -> Response:
        text = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return _json({"error": f"{text}; this is a fault of topolens, please report it"}, 500)

    app.add_exception_handler(Exception, fault)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, unknown)


def _documents(app: FastAPI, run: Run) -> None:
    @app.get("/api/run")
    def the_run() -> Response:
        return _json(run.document())

    @app.get("/api/columns/{space}/{column}")
    def column(space: str, column: str, checkpoint: str | None = None) -> Response:
        return _json({"values": packed(run.column(space, column, checkpoint)[1], "f32")})

    @app.get("/api/tiles/{space}/{sheet}.png")
    def tiles(space: str, sheet: int) -> Response:
        return FileResponse(run.tiles_file(space, sheet), media_type="image/png")

    @app.get("/api/findings")
    def findings() -> Response:
        if run.findings_file is None:
            raise NotFoundError("the run has no report; record it with --report")
        return FileResponse(run.findings_file, media_type="application/json")

    @app.get("/api/training")
    def training() -> Response:
        return _json(training_log.training_document(run.log))

    @app.get("/api/training/events")
    async def training_events() -> Response:
        def now() -> Any:
            return training_log.training_document(run.log)

        return _events(now, LOOKS, lambda content: False)


def _graphs(app: FastAPI, run: Run, jobs: Jobs) -> None:
    @app.get("/api/settings")
    def kinds() -> Response:
        return _json(settings.described())

    @app.post("/api/graphs/estimate")
    def estimated(given: Content) -> Response:
        return _json(estimate(run, settings.complete(run, given)))

    @app.post("/api/graphs")
    def make(given: Content) -> Response:
        wanted = settings.complete(run, given)
        key = settings.key_of(wanted)
        if run.result_file("graphs", key):
            return _json({"graph": key})
        try:
            expected = estimate(run, wanted)["seconds"]
        except ValueError:
            expected = None  # the job itself will say what is wrong
        request = {"task": "graph", "settings": wanted}
        return _json({"job": jobs.submit(key, request, settings.title_of(run, wanted), expected)})

    @app.get("/api/graphs")
    def history() -> Response:
        return _json(run.heads())

    @app.get("/api/graphs/{key}")
    def graph(key: str) -> Response:
        return _kept(run, "graphs", key)


def _of_graphs(app: FastAPI, run: Run, jobs: Jobs) -> None:
    """What is asked of graphs that are there."""

    @app.post("/api/graphs/{key}/stability")
    def stability(key: str, given: Content) -> Response:
        resamples, document = trust.checked_resamples(given), run.result("graphs", key)
        if document["confidence"] is not None and document["confidence"]["resamples"] == resamples:
            return _json({"graph": key})
        expected = document["cost"]["seconds"] * resamples
        request = {"task": "stability", "graph": key, "resamples": resamples}
        name = settings.key_of({"stability": key}, resamples)
        return _json({"job": jobs.submit(name, request, f"trust in {document['title']}", expected)})

    @app.post("/api/graphs/{key}/aligned")
    def align(key: str, given: Content) -> Response:
        documents = [run.result("graphs", each) for each in (key, str(given.get("to")))]
        return _json(aligned.aligned(*documents))


def _jobs(app: FastAPI, jobs: Jobs) -> None:
    @app.get("/api/jobs")
    def every() -> Response:
        return _json(jobs.all())

    @app.get("/api/jobs/{job}/events")
    async def events(job: str) -> Response:
        jobs.get(job)
        return _events(lambda: jobs.get(job).document(), PAUSE, lambda content: content["state"] in OVER)

    @app.delete("/api/jobs/{job}")
    def cancel(job: str) -> Response:
        return _json(jobs.cancel(job))


def _others(app: FastAPI, run: Run, jobs: Jobs) -> None:
    @app.get("/api/diagrams/{layer}")
    def diagram(layer: str, checkpoint: str | None = None) -> Response:
        name, at = run.layer(layer), run.checkpoint(checkpoint)["id"]
        key = diagram_key(layer, at)
        if run.result_file("diagrams", key):
            return _kept(run, "diagrams", key)
        request = {"task": "diagram", "layer": layer, "checkpoint": at}
        return _json({"job": jobs.submit(key, request, f"bars of {name['name']}", None)})

    @app.post("/api/grid")
    def make_grid(given: Content) -> Response:
        wanted = settings.complete(run, given.get("settings", {}))
        axes = grid.checked_axes(given, wanted)
        key = grid.grid_key(wanted, *axes)
        if run.result_file("grids", key):
            return _json({"grid": key})
        request = {"task": "grid", "settings": wanted, "resolutions": axes[0], "gains": axes[1]}
        return _json({"job": jobs.submit(key, request, f"grid of {settings.title_of(run, wanted)}", None)})

    @app.get("/api/grid/{key}")
    def the_grid(key: str) -> Response:
        return _kept(run, "grids", key)

    @app.get("/api/groups")
    def groups() -> Response:
        return _json(run.groups())

    @app.put("/api/groups")
    def put_groups(given: Listed) -> Response:
        run.put_groups(given)
        return _json(run.groups())


def _kept(run: Run, kind: str, key: str) -> Response:
    path = run.result_file(kind, key)
    if path is None:
        raise NotFoundError(f"there is no result {key!r} yet; ask for it first")
    return FileResponse(path, media_type="application/json")


def _page(app: FastAPI, run: Run, folder: Path) -> None:
    files = {f"/{path.relative_to(folder).as_posix()}": path for path in folder.rglob("*") if path.is_file()}

    @app.get("/api/export/page")
    def exported() -> Response:
        disposition = {"content-disposition": f'attachment; filename="{export.file_name(run)}"'}
        return HTMLResponse(export.page_of(run, folder), headers=disposition)

    @app.get("/{path:path}")
    def page(request: Request) -> Response:
        wanted = request.scope["path"]
        if wanted == "/" and "/index.html" not in files:
            return HTMLResponse(UNBUILT)
        found = files.get("/index.html" if wanted == "/" else wanted)
        if found is None:
            raise NotFoundError("there is no such page")
        return FileResponse(found)


def _events(look: Callable[[], Any], pause: float, is_last: Callable[[Any], bool]) -> Response:
    """Server-sent events: what is seen, whenever it has changed."""

    async def stream() -> AsyncIterator[str]:
        before, silent = None, 0.0
        while True:
            content = await asyncio.to_thread(look)
            if content != before:
                yield f"data: {json.dumps(content, allow_nan=False, separators=(',', ':'))}\n\n"
                before, silent = content, 0.0
            elif silent > 15:  # a comment, so that a closed tab is noticed
                yield ": still there\n\n"
                silent = 0.0
            if is_last(content):
                return
            await asyncio.sleep(pause)
            silent += pause

    return StreamingResponse(stream(), media_type="text/event-stream")
