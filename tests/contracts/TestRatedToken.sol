// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

interface ITokenWatcher {
    function tokensMoved() external;
}

/// @title A token of any rate that tells who wants to know that it moves
/// @notice Neither wkETH nor WETH calls anybody: this one shows what a pool would do if one did.
contract TestRatedToken is ERC20("Rated", "RTD") {
    uint256 public rateRay = 1e27;
    mapping(address watcher => bool) public isTold;

    function mint(address receiver, uint256 units) external {
        _mint(receiver, units);
    }

    function setRate(uint256 rateRay_) external {
        rateRay = rateRay_;
    }

    function tell(address watcher) external {
        isTold[watcher] = true;
    }

    function convertToAssets(uint256 units) external view returns (uint256) {
        return units * rateRay / 1e27;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (isTold[from]) ITokenWatcher(from).tokensMoved();
        if (isTold[to]) ITokenWatcher(to).tokensMoved();
    }
}
