// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IMarketPrice} from "keel/market/interfaces/IMarketPrice.sol";

/// @title Lends nine tenths of what a collateral is worth by a price that it believes
/// @notice For tests/incidents and tests/market alone. What robs it is its price, never its own books.
contract TestNaiveLender {
    IERC20 public immutable COLLATERAL;
    IERC20 public immutable LOAN;
    IMarketPrice public immutable PRICE;
    mapping(address borrower => uint256) public broughtBy;
    mapping(address borrower => uint256) public owedBy;

    error TooMuch(uint256 owedWei, uint256 mostWei);
    error TransferFailed(IERC20 token);

    constructor(IERC20 collateral, IERC20 loan, IMarketPrice price) {
        (COLLATERAL, LOAN, PRICE) = (collateral, loan, price);
    }

    function bring(uint256 amount) external {
        broughtBy[msg.sender] += amount;
        if (!COLLATERAL.transferFrom(msg.sender, address(this), amount)) revert TransferFailed(COLLATERAL);
    }

    function borrow(uint256 amountWei) external {
        owedBy[msg.sender] += amountWei;
        uint256 mostWei = mostOf(msg.sender);
        if (owedBy[msg.sender] > mostWei) revert TooMuch(owedBy[msg.sender], mostWei);
        if (!LOAN.transfer(msg.sender, amountWei)) revert TransferFailed(LOAN);
    }

    function mostOf(address borrower) public view returns (uint256) {
        return broughtBy[borrower] * PRICE.price() / 1e18 * 9 / 10;
    }
}
