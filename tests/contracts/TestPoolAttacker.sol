// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ITokenWatcher} from "./TestRatedToken.sol";

/// @title Trades with a pool, and uses the moment in which a token calls it
/// @notice Remembers which of its calls came through while the pool was in the middle of another.
contract TestPoolAttacker is ITokenWatcher {
    address public immutable POOL;
    bytes[] private _planned;
    bool[] private _passed;

    constructor(address pool, IERC20[] memory tokens) {
        POOL = pool;
        for (uint256 i = 0; i < tokens.length; ++i) {
            tokens[i].approve(pool, type(uint256).max);
        }
    }

    function plan(bytes[] calldata calls) external {
        _planned = calls;
        delete _passed;
    }

    /// @notice Call the pool; a refusal goes to the caller as it came.
    function act(bytes calldata data) external returns (bytes memory) {
        (bool done, bytes memory answer) = POOL.call(data);
        if (done) return answer;
        assembly {
            revert(add(answer, 32), mload(answer))
        }
    }

    function tokensMoved() external {
        for (uint256 i = _passed.length; i < _planned.length; ++i) {
            (bool done,) = POOL.call(_planned[i]);
            _passed.push(done);
        }
    }

    function passed() external view returns (bool[] memory) {
        return _passed;
    }
}
