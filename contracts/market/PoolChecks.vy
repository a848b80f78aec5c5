# pragma version 0.4.3
"""
@title What a pool refuses, with the reason and the values
"""


@pure
@internal
def _requireOut(amount: uint256, minimum: uint256):
    self._requireLeast(amount, max(minimum, 1))


@pure
@internal
def _requireLeast(amount: uint256, minimum: uint256):
    if amount < minimum:
        raw_revert(abi_encode(amount, minimum, method_id=method_id("BelowMinimum(uint256,uint256)")))


@view
@internal
def _requireInTime(deadline: uint256):
    if block.timestamp > deadline:
        raw_revert(
            abi_encode(deadline, block.timestamp, method_id=method_id("DeadlinePassed(uint256,uint256)"))
        )


@view
@internal
def _requireCode(token: address):
    if not token.is_contract:
        raw_revert(abi_encode(token, method_id=method_id("NoCode(address)")))


@pure
@internal
def _requireParameter(what: String[16], given: uint256, least: uint256, most: uint256):
    if given < least or given > most:
        bound: uint256 = least if given < least else most
        raw_revert(
            abi_encode(
                what, given, bound, method_id=method_id("ParameterOutOfBounds(string,uint256,uint256)")
            )
        )
