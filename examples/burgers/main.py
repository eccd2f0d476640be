"""Four kitchens that make the same burger, to see where the code of each one runs.

Run it with `jebi run examples/burgers/main.py`, then open http://127.0.0.1:8000 or let
`python examples/burgers/orders.py` send in a hungry crowd.
"""

import asyncio
import multiprocessing
import os
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager

from grinder import mince, put_on_apron
from pydantic import BaseModel

from jebi import FastAPI
from jebi.responses import HTMLResponse

SECONDS = float(os.environ.get("BURGER_SECONDS", "0.25"))
HELPERS = os.cpu_count() or 1


class Burger(BaseModel):
    """What the customer gets.

    Attributes:
        order: The number that was called.
        cook: The thread or process that made it.
        started: When the cook turned to it, on a clock that all cooks share.
        finished: When it was done.
    """

    order: int
    cook: str
    started: float
    finished: float


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Helpers for the work that needs a processor of its own: hired at the start, once."""
    # "spawn" starts them from nothing. A fork would copy this process with its threads, its
    # sockets and its locks in whatever state they are.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(HELPERS, context, initializer=put_on_apron) as helpers:
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(helpers, mince, 0.01) for _ in range(HELPERS)))
        app.state.helpers = helpers
        yield


app = FastAPI(title="Burgers", description=__doc__, version="1.0.0", lifespan=lifespan)


@app.get("/awaits/{order}")
async def awaits(order: int) -> Burger:
    """`async def` that awaits: the grill has a timer, so the cook puts the next patty on."""
    started = time.monotonic()
    await asyncio.sleep(SECONDS)
    return served(order, started)


@app.get("/threads/{order}")
def threads(order: int) -> Burger:
    """`def` that blocks: no timer, somebody must stand there; each order has its own cook."""
    started = time.monotonic()
    time.sleep(SECONDS)
    return served(order, started)


@app.get("/blocks/{order}")
async def blocks(order: int) -> Burger:
    """`async def` that blocks, the mistake: the one cook of all stares at one patty."""
    started = time.monotonic()
    time.sleep(SECONDS)  # here is the mistake
    return served(order, started)


@app.get("/processes/{order}")
async def processes(order: int) -> Burger:
    """`async def` that awaits other processes: mincing needs hands, not patience."""
    loop = asyncio.get_running_loop()
    cook, started, finished = await loop.run_in_executor(app.state.helpers, mince, SECONDS)
    return Burger(order=order, cook=cook, started=started, finished=finished)


@app.get("/bell")
async def bell() -> str:
    """Answers at once, as long as nobody stands in the way."""
    return "ding"


@app.get("/", include_in_schema=False)
async def counter() -> HTMLResponse:
    """What there is, and what to try."""
    return HTMLResponse(PAGE)


def served(order: int, started: float) -> Burger:
    """A burger that this very thread has made."""
    cook = f"thread {threading.get_native_id()}"
    return Burger(order=order, cook=cook, started=started, finished=time.monotonic())


PAGE = f"""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Burgers</title>
<style>body {{ font: 1rem/1.5 system-ui; max-width: 42rem; margin: 3rem auto; padding: 0 1rem }}
dt {{ font-weight: bold; margin-top: .5rem }}</style>
<h1>Burgers</h1>
<p>Four kitchens make the same burger. It takes {SECONDS:g} seconds in each of them.</p>
<dl>
<dt><a href="/awaits/1">/awaits/1</a><dd><code>async def</code> that awaits
<dt><a href="/threads/1">/threads/1</a><dd><code>def</code> that blocks, in the pool
<dt><a href="/blocks/1">/blocks/1</a><dd><code>async def</code> that blocks: the mistake
<dt><a href="/processes/1">/processes/1</a><dd>work for the processor, in {HELPERS} processes
<dt><a href="/bell">/bell</a><dd>answers at once, unless somebody blocks the loop
</dl>
<p>One order looks the same everywhere. Send twenty at once, and see who waits for whom:</p>
<pre>python examples/burgers/orders.py</pre>
<p><a href="/docs">Try single orders in the browser</a>.</p>
</html>
"""
