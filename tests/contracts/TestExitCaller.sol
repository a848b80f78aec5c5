// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface IExits {
    function requestExit(bytes[] calldata pubkeys) external payable;
}

/// @title Asks for exits and then does with the refund what it was told: refuse it, or ask again with it
contract TestExitCaller {
    error RefundRefused(uint256 refundWei);

    enum OnRefund {
        Keep,
        Refuse,
        AskAgain
    }

    IExits public immutable WITHDRAWAL_VAULT;
    OnRefund public onRefund;
    bytes[] internal _pubkeys;

    constructor(address withdrawalVault) {
        WITHDRAWAL_VAULT = IExits(withdrawalVault);
    }

    receive() external payable {
        if (onRefund == OnRefund.Refuse) revert RefundRefused(msg.value);
        if (onRefund == OnRefund.Keep) return;
        onRefund = OnRefund.Keep;
        WITHDRAWAL_VAULT.requestExit{value: msg.value}(_pubkeys);
    }

    function setOnRefund(OnRefund what) external {
        onRefund = what;
    }

    function requestExit(bytes[] calldata pubkeys) external payable {
        delete _pubkeys;
        for (uint256 i = 0; i < pubkeys.length; ++i) {
            _pubkeys.push(pubkeys[i]);
        }
        WITHDRAWAL_VAULT.requestExit{value: msg.value}(pubkeys);
    }
}
