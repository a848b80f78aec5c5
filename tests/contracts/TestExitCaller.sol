// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Asks for exits and then does with the refund what it was told: refuse it, or ask for another one with it
contract TestExitCaller {
    error RefundRefused(uint256 refundWei);

    enum OnRefund {
        Keep,
        Refuse,
        AskAgain
    }

    address public immutable EXITS;
    OnRefund public onRefund;
    bytes internal _next;

    constructor(address exits) {
        EXITS = exits;
    }

    receive() external payable {
        if (onRefund == OnRefund.Refuse) revert RefundRefused(msg.value);
        if (onRefund == OnRefund.Keep) return;
        onRefund = OnRefund.Keep;
        _ask(_next);
    }

    /// @param next call that the refund pays for
    function setOnRefund(OnRefund what, bytes calldata next) external {
        onRefund = what;
        _next = next;
    }

    function ask(bytes calldata data) external payable {
        _ask(data);
    }

    function _ask(bytes memory data) private {
        (bool isDone, bytes memory answer) = EXITS.call{value: msg.value}(data);
        if (isDone) return;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            revert(add(answer, 0x20), mload(answer))
        }
    }
}
