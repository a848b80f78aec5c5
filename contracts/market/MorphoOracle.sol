// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IErrors} from "../interfaces/IErrors.sol";
import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";
import {IMorphoOracle} from "./interfaces/IMorphoOracle.sol";

/// @title A feed of wkETH in ether as Morpho Blue reads prices
/// @notice Rule LND-1 of docs/market_design.md. Both tokens of the market have 18 decimals.
contract MorphoOracle is IMorphoOracle, IErrors {
    uint256 private constant MOST_DECIMALS = 36;

    IAggregatorV3 public immutable FEED;
    uint256 private immutable SCALE;

    error NegativePrice(int256 answer);

    constructor(address feed) {
        FEED = IAggregatorV3(feed);
        uint256 decimals = FEED.decimals();
        if (decimals > MOST_DECIMALS) revert ParameterOutOfBounds("decimals", decimals, MOST_DECIMALS);
        SCALE = 10 ** (MOST_DECIMALS - decimals);
    }

    /// @inheritdoc IMorphoOracle
    function price() external view returns (uint256) {
        (, int256 answer,,,) = FEED.latestRoundData();
        if (answer < 0) revert NegativePrice(answer);
        return uint256(answer) * SCALE;
    }
}
