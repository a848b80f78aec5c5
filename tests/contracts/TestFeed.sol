// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAggregatorV3} from "keel/market/interfaces/IAggregatorV3.sol";

/// @title A feed whose answer a test sets, with decimals of its choice
contract TestFeed is IAggregatorV3 {
    string public constant description = "test";
    uint256 public constant version = 1;
    uint8 public immutable decimals;
    int256 public latestAnswer;

    constructor(uint8 decimals_) {
        decimals = decimals_;
    }

    function set(int256 answer) external {
        latestAnswer = answer;
    }

    function latestRoundData() public view returns (uint80, int256, uint256, uint256, uint80) {
        return (1, latestAnswer, 1, 0, 1); // never fresh
    }

    function getRoundData(uint80) external view returns (uint80, int256, uint256, uint256, uint80) {
        return latestRoundData();
    }
}
