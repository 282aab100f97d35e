"""Requests and answers as bytes, with pymodbus as the other side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from evsed.hw import pdus
from evsed.hw.pdus import ReadRegisters, WriteRegisters
from evsed.hw.registers import RefusedError

WORDS = st.integers(0, 0xFFFF)


def encoded(request: ModbusPDU) -> bytes:
    return bytes((request.function_code,)) + request.encode()


def decoded(answer: bytes) -> ModbusPDU:
    pdu = DecodePDU(is_server=False).decode(answer)
    assert pdu is not None
    return pdu


@given(WORDS, st.integers(1, 125))
def test_a_read_is_understood(first: int, count: int) -> None:
    holding = encoded(ReadHoldingRegistersRequest(address=first, count=count))
    assert pdus.parse(holding) == ReadRegisters(3, first, count)
    assert pdus.parse(encoded(ReadInputRegistersRequest(address=first, count=count))) == ReadRegisters(4, first, count)


@given(WORDS, WORDS)
def test_a_write_of_one_register_is_understood(first: int, value: int) -> None:
    request = pdus.parse(encoded(WriteSingleRegisterRequest(address=first, registers=[value])))
    assert request == WriteRegisters(6, first, (value,))
    answer = decoded(pdus.confirmed(WriteRegisters(6, first, (value,))))
    assert (answer.address, answer.registers) == (first, [value])


@given(WORDS, st.lists(WORDS, min_size=1, max_size=123))
def test_a_write_of_several_is_understood(first: int, values: list[int]) -> None:
    request = pdus.parse(encoded(WriteMultipleRegistersRequest(address=first, registers=values)))
    assert request == WriteRegisters(16, first, tuple(values))
    answer = decoded(pdus.confirmed(WriteRegisters(16, first, tuple(values))))
    assert (answer.address, answer.count) == (first, len(values))


@given(st.sampled_from((3, 4)), st.lists(WORDS, min_size=1, max_size=125))
def test_an_answer_brings_its_words(function: int, words: list[int]) -> None:
    answer = decoded(pdus.words_read(ReadRegisters(function, 0, len(words)), words))
    assert (answer.function_code, answer.registers) == (function, words)


@pytest.mark.parametrize("code", [1, 2, 3, 4])
def test_a_refusal_says_its_code(code: int) -> None:
    answer = decoded(pdus.refused(16, code))
    assert answer.isError()
    assert answer.exception_code == code


@given(st.binary(min_size=1, max_size=253))
def test_whatever_comes_is_understood_or_refused(pdu: bytes) -> None:
    try:
        request: object = pdus.parse(pdu)
    except RefusedError as error:
        request = error
    match request:
        case ReadRegisters(function, _, count):
            assert function in {3, 4}
            assert 1 <= count <= 125
        case WriteRegisters(function, _, values):
            assert function in {6, 16}
            assert 1 <= len(values) <= 123
        case RefusedError(code=code):
            assert code == (3 if pdu[0] in {3, 4, 6, 16} else 1)
        case _:
            raise AssertionError(request)
