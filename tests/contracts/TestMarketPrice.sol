// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarketPrice} from "keel/market/interfaces/IMarketPrice.sol";

/// @title A market whose mean price a test sets; it has none at 0
contract TestMarketPrice is IMarketPrice {
    uint256 private _priceWei;

    error NoPrice(uint256 sinceBlock);

    function set(uint256 priceWei) external {
        _priceWei = priceWei;
    }

    function price() external view returns (uint256) {
        if (_priceWei == 0) revert NoPrice(block.number);
        return _priceWei;
    }
}
