// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {EtherFeed} from "./EtherFeed.sol";
import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";
import {IMarketPrice} from "./interfaces/IMarketPrice.sol";

/// @title wkETH in ether: the lesser of a rate and of a market's mean price
/// @notice Rule FED-6 of docs/market_design.md. Reverts as the market does while it has no mean price.
contract MarketFeed is EtherFeed {
    using SafeCast for uint256;

    string public constant description = "wkETH / ETH, lesser of rate and market";

    IAggregatorV3 public immutable RATE;
    IMarketPrice public immutable MARKET;

    constructor(address rate, address market) {
        RATE = IAggregatorV3(rate);
        MARKET = IMarketPrice(market);
    }

    /// @inheritdoc IAggregatorV3
    function latestRoundData()
        public
        view
        override
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        int256 priceWei = MARKET.price().toInt256();
        (roundId, answer, startedAt, updatedAt, answeredInRound) = RATE.latestRoundData();
        if (priceWei < answer) answer = priceWei;
    }
}
