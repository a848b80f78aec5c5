// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface IFundVault {
    function deposit(address receiver, address referral) external payable returns (uint256 shares);
}

interface IFundQueue {
    function request(uint256 amountWei, address owner) external returns (uint256 ticketId);
}

interface IFundToken {
    function transfer(address to, uint256 units) external returns (bool);
}

/// @title What could stand where the insurance fund should, and how it answers the vault's call for cover
/// @notice Only a fallback can answer with any number of bytes.
contract TestFund {
    enum Conduct {
        Exact,
        Reverting,
        BurningGas,
        AnsweringGarbage, // and hands over nothing
        AnsweringLong, // many kilobytes, and hands over nothing
        HandingOverHalf,
        HandingOverMore,
        Depositing, // goes back to the vault with ether, then hands over what is asked
        Requesting // goes back to the queue for a ticket, then hands over what is asked
    }

    error NoCover(uint256 shares);

    uint256 internal constant SHARES_PER_UNIT = 1e9;
    uint256 public constant MORE_UNITS = 5;

    IFundVault public immutable VAULT;
    IFundQueue public immutable QUEUE;
    IFundToken public immutable WRAPPED;
    Conduct public immutable CONDUCT;

    constructor(IFundVault vault, IFundQueue queue, IFundToken wrapped, Conduct conduct) payable {
        (VAULT, QUEUE, WRAPPED, CONDUCT) = (vault, queue, wrapped, conduct);
    }

    fallback(bytes calldata question) external returns (bytes memory) {
        uint256 shares = abi.decode(question[4:], (uint256));
        if (CONDUCT == Conduct.Reverting) revert NoCover(shares);
        while (CONDUCT == Conduct.BurningGas) {}
        if (CONDUCT == Conduct.AnsweringGarbage) return hex"00c0ffee";
        if (CONDUCT == Conduct.AnsweringLong) return new bytes(60_000);
        if (CONDUCT == Conduct.Depositing) VAULT.deposit{value: 1 ether}(address(this), address(0));
        if (CONDUCT == Conduct.Requesting) QUEUE.request(1 ether, address(this));

        uint256 units = (shares + SHARES_PER_UNIT - 1) / SHARES_PER_UNIT;
        if (CONDUCT == Conduct.HandingOverHalf) units /= 2;
        if (CONDUCT == Conduct.HandingOverMore) units += MORE_UNITS;
        WRAPPED.transfer(msg.sender, units);
        return abi.encode(units);
    }
}
