// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IMarketPrice} from "keel/market/interfaces/IMarketPrice.sol";

interface IPricedPool {
    function spotPrice() external view returns (uint256);
    function virtualPrice() external view returns (uint256);
}

/// @title Prices as lenders have read them: of this moment, which a trade, a gift or half a change sets
contract TestNaivePrices is IMarketPrice {
    enum Reading {
        Spot, // StablePool's next trade
        Share, // what a pool says that its share is worth
        Balances // one token for another, by what the pool happens to hold
    }

    address public immutable POOL;
    IERC20 public immutable TOKEN;
    IERC20 public immutable OTHER;
    Reading public immutable READING;

    constructor(Reading reading, address pool, IERC20 token, IERC20 other) {
        (READING, POOL, TOKEN, OTHER) = (reading, pool, token, other);
    }

    function price() external view returns (uint256) {
        if (READING == Reading.Share) return IPricedPool(POOL).virtualPrice();
        if (READING == Reading.Balances) return OTHER.balanceOf(POOL) * 1e18 / TOKEN.balanceOf(POOL);
        return IPricedPool(POOL).spotPrice() * IERC4626(address(TOKEN)).convertToAssets(1e18) / 1e18;
    }
}
