"""The table: every case, in the order of RFC 9113."""

from __future__ import annotations

from tests.http2.cases import (
    answers,
    connect,
    content,
    continuation,
    control,
    field_validity,
    floods,
    flow_control,
    frame_size,
    hpack_strings,
    hpack_tables,
    identifiers,
    padding,
    preface,
    pseudo_headers,
    settings,
    states,
    trailers,
)

AREAS = {
    module.__name__.rpartition(".")[2]: module.CASES
    for module in (
        preface,
        frame_size,
        hpack_tables,
        hpack_strings,
        states,
        identifiers,
        flow_control,
        padding,
        control,
        settings,
        continuation,
        content,
        trailers,
        field_validity,
        pseudo_headers,
        connect,
        answers,
        floods,
    )
}
