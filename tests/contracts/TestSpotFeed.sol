// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAggregatorV3} from "keel/market/interfaces/IAggregatorV3.sol";
import {IUniswapV3Oracle} from "keel/market/interfaces/IUniswapV3Oracle.sol";

/// @title A naive feed: what the next wkETH costs in a Uniswap pool, which one trade moves
contract TestSpotFeed is IAggregatorV3 {
    string public constant description = "spot price";
    uint256 public constant version = 1;
    uint8 public constant decimals = 18;
    IUniswapV3Oracle public immutable POOL;
    bool public immutable IS_TOKEN0;

    constructor(address pool, address token) {
        POOL = IUniswapV3Oracle(pool);
        IS_TOKEN0 = POOL.token0() == token;
    }

    function latestAnswer() public view returns (int256) {
        (uint160 root,,,,,,) = POOL.slot0();
        uint256 ratio = Math.mulDiv(root, root, 1 << 64);
        uint256 price = IS_TOKEN0 ? Math.mulDiv(ratio, 1e18, 1 << 128) : Math.mulDiv(1 << 128, 1e18, ratio);
        return int256(price);
    }

    function latestRoundData() public view returns (uint80, int256, uint256, uint256, uint80) {
        return (1, latestAnswer(), block.timestamp, block.timestamp, 1);
    }

    function getRoundData(uint80) external view returns (uint80, int256, uint256, uint256, uint80) {
        return latestRoundData();
    }
}
