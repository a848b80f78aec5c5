// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface IRedeemerVault {
    function deposit(address receiver, address referral) external payable returns (uint256 shares);
}

interface IRedeemerInstant {
    function redeem(uint256 shares, address receiver, uint256 minOutWei) external returns (uint256 paidWei);
}

/// @title Redeems at once, and does what it was told with the ether while it is paid
contract TestRedeemer {
    enum OnEther {
        Keep,
        Refuse,
        BurnGas,
        RedeemAgain,
        DepositAgain
    }

    error EtherRefused(uint256 amountWei);

    IRedeemerVault public immutable VAULT;
    IRedeemerInstant public immutable INSTANT;
    OnEther public onEther;
    uint256 public turns;
    bytes public refusal;

    constructor(IRedeemerVault vault, IRedeemerInstant instant) {
        (VAULT, INSTANT) = (vault, instant);
    }

    receive() external payable {
        OnEther what = onEther;
        if (what == OnEther.Refuse) revert EtherRefused(msg.value);
        while (what == OnEther.BurnGas) ++turns;
        if (what == OnEther.DepositAgain) VAULT.deposit{value: msg.value}(address(this), address(0));
        if (what == OnEther.RedeemAgain) {
            try INSTANT.redeem(1e18, address(this), 0) {}
            catch (bytes memory reason) {
                refusal = reason;
            }
        }
    }

    function setOnEther(OnEther what) external {
        onEther = what;
    }

    function redeem(uint256 shares, address receiver) external returns (uint256 paidWei) {
        return INSTANT.redeem(shares, receiver, 0);
    }
}
