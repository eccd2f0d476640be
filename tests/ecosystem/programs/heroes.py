"""SQLModel on an asynchronous SQLAlchemy engine: a session for each request, given by ``yield``."""

from __future__ import annotations

from collections.abc import AsyncIterator  # noqa: TC003 - FastAPI reads the annotation
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import StaticPool
from sqlmodel import Field, SQLModel, select

HIDDEN: list[str] = []
engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
sessions = async_sessionmaker(engine, expire_on_commit=False)


class HeroBase(SQLModel):
    name: str = Field(index=True, unique=True)
    age: int | None = Field(default=None, ge=0)


class Hero(HeroBase, table=True):
    id: int | None = Field(default=None, primary_key=True)
    secret: str


class HeroPublic(HeroBase):
    id: int


class HeroCreate(HeroBase):
    secret: str


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


async def session() -> AsyncIterator[AsyncSession]:
    async with sessions() as opened:
        try:
            yield opened
            await opened.commit()
        except IntegrityError as error:
            await opened.rollback()
            raise HTTPException(409, "there is one of that name") from error


Session = Annotated[AsyncSession, Depends(session, scope="function")]


@app.post("/heroes", status_code=201, response_model=HeroPublic)
async def create(hero: HeroCreate, session: Session) -> Any:
    made = Hero.model_validate(hero)
    session.add(made)
    await session.flush()
    return made


@app.get("/heroes", response_model=list[HeroPublic])
async def read_all(session: Session, limit: Annotated[int, Query(le=100)] = 100) -> Any:
    return (await session.scalars(select(Hero).order_by(Hero.name).limit(limit))).all()


@app.get("/heroes/{number}", response_model=HeroPublic)
async def read(number: int, session: Session) -> Any:
    if (hero := await session.get(Hero, number)) is None:
        raise HTTPException(404, "no such hero")
    return hero


@app.delete("/heroes/{number}", status_code=204)
async def delete(number: int, session: Session) -> None:
    await session.delete(await session.get(Hero, number))


def talk(client: Any) -> None:
    """Create, read, fail and delete."""
    for name in ("Deadpond", "Rusty-Man", "제비"):
        client.post("/heroes", json={"name": name, "age": len(name), "secret": "s"})
    client.post("/heroes", json={"name": "Deadpond", "secret": "s"})
    client.post("/heroes", json={"name": "young", "age": -1})
    client.get("/heroes", params={"limit": 2})
    client.get("/heroes/2")
    client.request("DELETE", "/heroes/2")
    client.get("/heroes/2")
    client.get("/heroes", params={"limit": 101})
    client.get("/openapi.json")
