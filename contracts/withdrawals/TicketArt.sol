// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @title How a withdrawal ticket looks
/// @notice JSON metadata of ERC-721 with an SVG, both as `data:` URIs. Every text comes from here or is a number, so
/// nothing needs escaping.
library TicketArt {
    using Strings for uint256;

    struct Shown {
        uint256 ticketId;
        uint256 amountWei;
        uint256 worthWei; // what a claim pays, or would pay if the ticket were finalised now
        uint256 requestedAt;
        bool isClaimable;
    }

    uint256 internal constant ETHER_DECIMALS = 18;

    function uri(Shown memory shown) internal pure returns (string memory) {
        string memory title = string.concat("Keel Withdrawal Ticket #", shown.ticketId.toString());
        string memory state = shown.isClaimable ? "Claimable" : "Pending";
        string memory json = string.concat(
            '{"name":"',
            title,
            '","description":"A claim on Keel for a fixed amount of ether, which only losses can shrink.",',
            '"image":"data:image/svg+xml;base64,',
            Base64.encode(bytes(_svg(shown, title, state))),
            '","attributes":',
            _attributes(shown, state),
            "}"
        );
        return string.concat("data:application/json;base64,", Base64.encode(bytes(json)));
    }

    /// @notice An amount in ether with all its digits and no trailing zeros: 1.5, 0.000000000000000001, 32.
    function etherText(uint256 amountWei) internal pure returns (string memory) {
        string memory whole = (amountWei / 1 ether).toString();
        uint256 fraction = amountWei % 1 ether;
        if (fraction == 0) return whole;
        uint256 digits = ETHER_DECIMALS;
        for (; fraction % 10 == 0; --digits) {
            fraction /= 10;
        }
        bytes memory text = new bytes(digits);
        for (uint256 i = digits; i > 0; --i) {
            text[i - 1] = bytes1(uint8(48 + fraction % 10)); // the digit's ASCII code, 48 to 57
            fraction /= 10;
        }
        return string.concat(whole, ".", string(text));
    }

    function _attributes(Shown memory shown, string memory state) private pure returns (string memory) {
        return string.concat(
            '[{"trait_type":"State","value":"',
            state,
            '"},{"trait_type":"Amount (ETH)","value":"',
            etherText(shown.amountWei),
            '"},{"trait_type":"Worth (ETH)","value":"',
            etherText(shown.worthWei),
            '"},{"display_type":"date","trait_type":"Requested","value":',
            shown.requestedAt.toString(),
            "}]"
        );
    }

    function _svg(Shown memory shown, string memory title, string memory state) private pure returns (string memory) {
        return string.concat(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 240" font-family="sans-serif" fill="#fff">',
            '<rect width="400" height="240" rx="20" fill="#12324a"/><rect y="200" width="400" height="8" fill="',
            shown.isClaimable ? "#4cc38a" : "#e5b454",
            '"/>',
            _line(48, 18, title),
            _line(112, 26, string.concat(etherText(shown.amountWei), " ETH")),
            shown.worthWei < shown.amountWei
                ? _line(144, 14, string.concat("worth ", etherText(shown.worthWei), " ETH after losses"))
                : "",
            _line(184, 16, state),
            "</svg>"
        );
    }

    function _line(uint256 y, uint256 size, string memory text) private pure returns (string memory) {
        return string.concat('<text x="24" y="', y.toString(), '" font-size="', size.toString(), '">', text, "</text>");
    }
}
