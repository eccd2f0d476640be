"""What a route compiles to: a description in Python that the engine reads once.

A :class:`PlanSpec` is made when a route is declared, from the signatures of the path operation
and of its dependencies. ``jebi._engine.Plan(spec)`` compiles it; requests then run the compiled
plan and never look at the description again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from jebi._record import Record

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Location = Literal["path", "query", "header", "cookie"]
Scalar = Literal["str", "int", "float", "bool"]
Kind = Literal["coroutine", "function", "async_generator", "generator", "inline"]
Injected = Literal["request", "response", "background_tasks"]
Scope = Literal["function", "request"]
Errors = list[dict[str, Any]]


class Param(Record):
    """One path, query, header or cookie parameter of a call.

    Attributes:
        name: The keyword of the call.
        location: Where the request carries it.
        aliases: Names in the request, the first that is present wins; header names in lower case.
        sequence: Take every occurrence (a ``list``) and not the first.
        required: Missing is an error; otherwise ``default`` is used.
        default: Called when missing and not required; returns a fresh value, never a shared one.
        validates_default: The default goes through ``validate`` as well.
        scalar: The engine may convert the plain spelling of such a value itself and asks
            ``validate`` only for the rest. ``None`` where anything but the bare type is declared.
        validate: pydantic's ``validate_python`` of the field; raises ``ValidationError``.
        explain: The errors to report, of a ``ValidationError`` and the location, or of ``None``
            when a required value is missing.
    """

    name: str
    location: Location
    aliases: tuple[str, ...]
    sequence: bool
    required: bool
    default: Callable[[], Any]
    validates_default: bool
    scalar: Scalar | None
    validate: Callable[[Any], Any]
    explain: Callable[[Exception | None, tuple[str | int, ...]], Errors]


class BodyField(Record):
    """One field of a JSON body: the whole document, or a member of it when the plan embeds.

    ``key`` is the member to take, or ``None`` for the whole document; ``location`` is where its
    errors are reported. ``validate_json`` validates the bytes of a whole document, and is ``None``
    where that may come to another result than ``validate`` of the parsed document. ``plain``
    describes a document that the engine may read itself
    (:func:`jebi.dependencies.plain_bodies.plain_body`). The other attributes are those of
    :class:`Param`.
    """

    name: str
    key: str | None
    location: tuple[str | int, ...]
    required: bool
    default: Callable[[], Any]
    validates_default: bool
    validate: Callable[[Any], Any]
    validate_json: Callable[[bytes], Any] | None
    plain: tuple[Any, ...] | None
    explain: Callable[[Exception | None, tuple[str | int, ...]], Errors]


class Gather(Record):
    """Arguments that Python works out: parameter models, forms, files and other rare shapes.

    ``extract(request, body)`` returns the keywords of the call and the errors found. ``body`` is
    the parsed JSON document, the form, the raw bytes, or pydantic's ``PydanticUndefined``.
    """

    extract: Callable[[Any, Any], tuple[dict[str, Any], Errors]]


class FromSlot(Record):
    """The result of an earlier step."""

    name: str
    slot: int


class Inject(Record):
    """Something of the request itself: the request, the response to amend, background tasks."""

    name: str
    what: Injected


class Constant(Record):
    """A value known when the plan is made."""

    name: str
    value: Any


Input = Param | BodyField | Gather | FromSlot | Inject | Constant


class Step(Record):
    """One call of the plan.

    Attributes:
        call: What to call, with keywords only.
        kind: ``coroutine``: awaited on the loop. ``function``: called in the pool. ``generator``
            and ``async_generator``: entered through :attr:`PlanSpec.enter`. ``inline``: called
            on the loop thread and its result taken as it is.
        inputs: In the order in which errors are reported.
        slot: Where the result goes; ``None`` to drop it.
        after: Indices of the steps that this one needs; if one of them failed validation, this
            step is not called.
        scope: When a generator's exit runs: before the answer is sent, or after.
        together: Begun by :attr:`PlanSpec.begin` and not waited for; the plan goes on.
        waits: Of steps under way, what such a step needs: the keyword of the result, or ``None``
            where it is dropped, and the index of the step.
        joins: Indices of steps under way that have to be over before this step's turn.
        asks: Set where a dependency is looked up before this step: what the plan's overrides are
            asked for then (:meth:`jebi.dependencies.overrides.InForce.instead`).
    """

    call: Callable[..., Any]
    kind: Kind
    inputs: tuple[Input, ...] = ()
    slot: int | None = None
    after: tuple[int, ...] = ()
    scope: Scope = "request"
    together: bool = False
    waits: tuple[tuple[str | None, int], ...] = ()
    joins: tuple[int, ...] = ()
    asks: int | None = None


class Reuse(Record):
    """A dependency that an earlier step already solved: reports that step's errors once more.

    ``of`` is the index of the step whose subtree is repeated; ``asks`` as in :class:`Step`.
    """

    of: int
    asks: int | None = None


class Fused(Record):
    """A coroutine function in the place of several steps (:mod:`jebi.dependencies.fuse`).

    Attributes:
        first: The index of the first of them.
        length: How many there are.
        call: Called by position with their inputs, in their order, but for one another's results.
            Returns what the steps return, in a tuple.
    """

    first: int
    length: int
    call: Callable[..., Awaitable[tuple[Any, ...]]]


class JsonEncoder(Record):
    """A plain ``JSONResponse`` of whatever the handler returned.

    The engine writes dicts, lists, strings, numbers, booleans and ``None`` itself, byte for byte as
    ``json.dumps(ensure_ascii=False, allow_nan=False, separators=(",", ":"))`` does. At the first
    value it does not know it hands the whole result to ``fallback``, and learns how instances of
    that class are written.

    Attributes:
        fallback: Of the result, its JSON.
        shape_of: Of a class, how its instances are written (:func:`jebi.encoders.json_shape`).
        table: Encoders by class, which applications may change: who is in there is asked by Python.
        zones: Classes of time zones that are not written in Python.
    """

    fallback: Callable[[Any], bytes]
    shape_of: Callable[[type[Any]], tuple[str, ...] | None]
    table: dict[type[Any], Callable[[Any], Any]]
    zones: tuple[type[Any], ...]


class ModelEncoder(Record):
    """A response model with the default response class: validate, then pydantic's JSON.

    Attributes:
        validate: pydantic's ``validate_python`` of the response field.
        to_json: Of the validated value, the JSON bytes (pydantic's ``to_json`` with options bound).
        invalid: Of the ``ValidationError`` and the value, the exception to raise.
        plain: The model, if the engine may validate and write it in one pass
            (:func:`jebi.routing.plain_models.plain_schema`).
    """

    validate: Callable[[Any], Any]
    to_json: Callable[[Any], bytes]
    invalid: Callable[[Exception, Any], Exception]
    plain: tuple[Any, ...] | None


class ResponseEncoder(Record):
    """Any other response class: Python makes the response.

    ``encode(result, amended, background)`` gets the handler's result, the injected response or
    ``None``, and the background tasks or ``None``; it returns a response object.
    """

    encode: Callable[[Any, Any, Any], Any]


class NoEncoder(Record):
    """The result is handed back as it is (WebSocket routes)."""


Encoder = JsonEncoder | ModelEncoder | ResponseEncoder | NoEncoder


class PlanSpec(Record):
    """A compiled route's description. The last step is the path operation itself.

    Attributes:
        steps: In the order of execution.
        slots: How many values are kept between steps.
        reads: What is read before the first step: nothing, a JSON document, or nothing because a
            ``coroutine`` step reads the form (``Gather.body`` then comes from ``form_slot``).
        form_slot: The slot that holds the form, or ``None``.
        strict_content_type: JSON is only parsed under a JSON content type.
        parse_body: Of body bytes and content type (or ``None``): the document, or the bytes as
            they are; raises what a broken document deserves. The engine asks it for all but the
            plain case.
        encoder: How the handler's result becomes an answer.
        status_code: Of the route, or ``None`` for the response class's own.
        invalid: Of the errors and the body, the exception to raise.
        new_request: Of ``(scope, receive, send)``, the request object handlers see.
        new_response: The empty response that ``Inject("response")`` hands out.
        new_background_tasks: The empty collection that ``Inject("background_tasks")`` hands out.
        new_exits: A fresh holder of entered generators, one for each request that needs one.
        enter: ``await enter(exits, scope, kind, call, values)`` enters a generator dependency and
            returns what it yielded. Exits close by ``await exits.close(scope, exception)``, which
            returns the exception that is left, or ``None``.
        begin: ``begin(exits, index, scope, kind, call, values, waits)`` begins a step in a task of
            its own, which first waits for what it needs of those under way.
        join: ``await join(exits, indices)``: the results of such steps, once they are there.
        run_in_thread: ``await run_in_thread(call, values)``: the pool, where the plan runs under
            another event loop than Jebi's.
        background: ``await background(tasks)``: runs what was collected, after the answer.
        is_response: The base class of responses; such a result is sent as it is.
        fused: What may be taken in the place of several steps.
        answers_invalid: Errors are answered as FastAPI's own handler does, without an exception, in
            the native form: nobody else is to learn of them.
        json_response: Of content, status or ``None``, the amended response or ``None`` and the
            background tasks or ``None``: the JSON answer as a response object.
    """

    steps: tuple[Step | Reuse, ...]
    slots: int
    reads: Literal["nothing", "json"]
    form_slot: int | None
    strict_content_type: bool
    parse_body: Callable[[bytes, str | None], Any]
    encoder: Encoder
    status_code: int | None
    invalid: Callable[[Errors, Any], Exception]
    new_request: Callable[[Any, Any, Any], Any]
    new_response: Callable[[], Any]
    new_background_tasks: Callable[[], Any]
    new_exits: Callable[[], Any]
    enter: Callable[[Any, Scope, Kind, Callable[..., Any], dict[str, Any]], Awaitable[Any]]
    begin: Callable[..., None]
    join: Callable[[Any, tuple[int, ...]], Awaitable[list[Any]]]
    run_in_thread: Callable[[Callable[..., Any], dict[str, Any]], Awaitable[Any]]
    background: Callable[[Any], Awaitable[None]]
    is_response: type
    json_response: Callable[[bytes, int | None, Any, Any], Any]
    fused: tuple[Fused, ...] = ()
    answers_invalid: bool = False
