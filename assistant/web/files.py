"""What the page downloads and uploads: originals, pictures of pages, exports, and files to be read.

No path ever comes from a browser: a document is named by its id, and looked up in the catalog.
"""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from assistant.export import MEDIA, Format, export, file_name
from assistant.web.desk import FROM_HERE_ONLY, Desk, came_through_a_proxy
from assistant.web.markup import mending
from corpus.errors import CorpusError, KpoError
from corpus.picture import picture
from corpus.worker import MAX_FILE
from index.sqlite import usable

Id = Annotated[int, Query(ge=0, le=2**62)]  # SQLite takes none that is larger than 2**63


def routes(desk: Desk) -> APIRouter:
    """The routes for this desk's documents and chats; putting files in only where that is allowed."""
    router = APIRouter()

    @router.get("/original")
    def original(document: Annotated[str, Query(max_length=2_000)]) -> Response:
        """The file that a document was read from, to be saved."""
        entry = desk.library.entry(document)
        if entry is None:
            raise CorpusError("this document is not in the index any more", "look for it on the Sources page")
        return _saved(desk.library.original(entry), Path(entry.path).name, "application/octet-stream")

    @router.get("/picture")
    def page_picture(
        turn: Id = 0, marker: int = 0, document: Annotated[str, Query(max_length=2_000)] = "", page: Annotated[int, Query(ge=0, le=100_000)] = 0
    ) -> Response:
        """The page of a PDF that a citation stands on with its words marked, or any page of a document."""
        quoted, digest = "", None
        if turn:
            kept = desk.chats.turn(turn)
            citation = next((c for c in kept.answer.citations if c.marker == marker), None) if kept and kept.answer else None
            if citation is None:
                raise CorpusError("this quotation is not kept any more", "ask the question again")
            document, page, quoted, digest = citation.document, citation.page or 0, citation.quote, citation.digest
        entry = desk.library.entry(document)
        if entry is None or entry.format != "pdf" or not 1 <= page <= (entry.pages or 0) or digest not in (None, entry.digest):
            raise CorpusError("this page is not in the index any more", "look for the document on the Sources page")
        drawn = picture(desk.library.original(entry), page, quoted)
        return Response(drawn.png, media_type="image/png", headers={"X-Page": str(drawn.page), "X-Marked": str(drawn.marked).lower()})

    @router.get("/export")
    def exported(form: Format, chat: Id = 0, turn: Id = 0) -> Response:
        """A chat, or one answer of it, as a file."""
        one = desk.chats.turn(turn) if turn else None
        turns = ([one] if one else []) if turn else desk.chats.turns(chat)
        if not turns:
            raise CorpusError(f"this {'answer' if turn else 'chat'} is not kept any more", "ask again what you want to save")
        title = turns[0].question if turn else desk.chats.title(chat) or "Chat"
        today = desk.digests()
        changed = {c.digest for kept in turns if kept.answer for c in kept.answer.citations if today.get(c.document) != c.digest}
        return _saved(export(form, title, turns, changed), file_name(title, form), MEDIA[form])

    if desk.may_edit:

        @router.post("/upload")
        async def upload(
            request: Request, name: Annotated[str, Query(max_length=1_000)], replaces: Annotated[str | None, Query(max_length=64)] = None
        ) -> Response:
            """Take a file in, whole or not at all. It is read at the next ingestion."""
            if came_through_a_proxy(request.headers):
                return JSONResponse({"error": FROM_HERE_ONLY, "remedy": "ask the operator"}, status_code=403)
            try:
                with usable(desk.library.folder):
                    part = desk.library.begin_upload()
                    try:
                        size = 0
                        with part.open("wb") as out:
                            async for chunk in request.stream():
                                size += len(chunk)
                                if size > MAX_FILE:
                                    raise CorpusError(f"it is larger than {MAX_FILE // 2**20} MB", "split it")
                                out.write(chunk)
                        placed = await run_in_threadpool(desk.library.place, part, name, replaces)
                    finally:
                        part.unlink(missing_ok=True)
            except KpoError as error:
                return JSONResponse({"error": error.message, "remedy": error.remedy}, status_code=409)
            return JSONResponse({"name": placed})

    return router


def _saved(data: bytes, name: str, media: str) -> Response:
    """A file to be saved, never shown: what it holds is not this server's own."""
    plain = "".join(char if char.isascii() and (char.isalnum() or char in " ._-") else "_" for char in name)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    return Response(data, media_type=media, headers={"Content-Disposition": disposition, "Cache-Control": "no-store"})


def told(request: Request, error: Exception) -> Response:
    """An error where a person follows a link, in words, which the page shows."""
    return PlainTextResponse(mending(error) if isinstance(error, KpoError) else "", status_code=404)
