// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarketPrice} from "keel/market/interfaces/IMarketPrice.sol";
import {ITokenWatcher} from "./TestRatedToken.sol";

/// @title Asks a market for its price whenever a token moves, and remembers whether it got one
contract TestPriceReader is ITokenWatcher {
    IMarketPrice public immutable MARKET;
    bool[] private _answered;

    constructor(IMarketPrice market) {
        MARKET = market;
    }

    function tokensMoved() external {
        try MARKET.price() {
            _answered.push(true);
        } catch {
            _answered.push(false);
        }
    }

    function answered() external view returns (bool[] memory) {
        return _answered;
    }
}
