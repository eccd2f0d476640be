"""Strawberry's router: queries, mutations and subscriptions, with dependencies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator  # noqa: TC003 - Strawberry reads the annotation
from typing import Annotated, Any

import strawberry
from fastapi import Depends, FastAPI, Header
from strawberry.fastapi import BaseContext, GraphQLRouter
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_WS_PROTOCOL

HIDDEN: list[str] = []
LOGS_EXCEPTIONS = True


class Context(BaseContext):
    def __init__(self, user: Annotated[str, Header()] = "nobody") -> None:
        super().__init__()
        self.user = user


Info = strawberry.Info[Context, None]


@strawberry.type
class Bird:
    name: str
    weight: float


@strawberry.type
class Query:
    @strawberry.field
    async def birds(self, lighter_than: float = 100) -> list[Bird]:
        birds = [Bird(name="swallow", weight=20.5), Bird(name="swift", weight=40)]
        return [bird for bird in birds if bird.weight < lighter_than]

    @strawberry.field
    def me(self, info: Info) -> str:
        assert info.context.response is not None
        info.context.response.headers["X-Asked-By"] = info.context.user
        return info.context.user

    @strawberry.field
    def fail(self) -> int | None:
        raise ValueError("no bird")


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def rename(self, info: Info, name: str) -> Bird:
        assert info.context.background_tasks is not None
        info.context.background_tasks.add_task(renamed.append, name)
        return Bird(name=name, weight=1)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, target: int = 3) -> AsyncGenerator[int]:
        for number in range(target):
            yield number
            await asyncio.sleep(0)


renamed: list[str] = []
schema = strawberry.Schema(Query, Mutation, Subscription)


async def context(made: Annotated[Context, Depends()]) -> Context:
    return made


app = FastAPI()
router: GraphQLRouter[Context, None] = GraphQLRouter(schema, context_getter=context)
app.include_router(router, prefix="/graphql")


@app.get("/renamed")
def was_renamed() -> list[str]:
    return renamed


def talk(client: Any) -> None:
    """Ask by all transports."""

    def ask(query: str, **more: Any) -> None:
        client.post("/graphql", json={"query": query, **more}, headers={"User": "me"})

    ask("{ birds { name weight } me }")
    ask("query ($w: Float!) { birds(lighterThan: $w) { name } }", variables={"w": 30})
    ask("{ fail }")
    ask("{ nothing }")
    ask('mutation { rename(name: "제비") { name } }')
    client.get("/renamed")
    client.get("/graphql", params={"query": "{ me }"})
    client.post("/graphql", content=b"no json", headers={"Content-Type": "application/json"})
    client.request("PUT", "/graphql")
    client.get("/openapi.json")
    for protocol, begin in {
        GRAPHQL_TRANSPORT_WS_PROTOCOL: "subscribe",
        GRAPHQL_WS_PROTOCOL: "start",
    }.items():
        with client.websocket("/graphql", protocol) as socket:
            socket.send(json.dumps({"type": "connection_init"}))
            socket.receive()
            query = {"query": "subscription { count(target: 2) }"}
            socket.send(json.dumps({"id": "a", "type": begin, "payload": query}))
            for _ in range(3):
                socket.receive()
    with client.websocket("/graphql", GRAPHQL_TRANSPORT_WS_PROTOCOL) as socket:
        socket.send("nonsense")
        socket.receive()
