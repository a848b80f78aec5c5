// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {IWithdrawalQueue} from "../interfaces/IWithdrawalQueue.sol";
import {Claims} from "../rules/Claims.sol";
import {RAY} from "../rules/Constants.sol";
import {TicketArt} from "./TicketArt.sol";

/// @title WithdrawalQueue
/// @notice See IWithdrawalQueue.
contract WithdrawalQueue is ERC721, IWithdrawalQueue {
    using Checkpoints for Checkpoints.Trace224;
    using SafeCast for uint256;

    // ---- types

    /// @dev One slot: written by each request and by a loss, read by both.
    struct Requested {
        uint32 lastTicket;
        uint96 index; // ray
        uint128 claims; // normalised, of all tickets ever requested
    }

    /// @dev One slot: written by finalisation and by a loss, read by requests and claims.
    struct Finalised {
        uint32 lastTicket;
        uint32 lastAtOlderIndex; // tickets after it were finalised at the present index
        uint128 claims; // normalised, of all tickets ever finalised
    }

    /// @dev One slot: written by the request, read by the claims of this ticket and of the next.
    struct Stored {
        uint128 claims; // normalised, of all tickets up to this one
        uint96 amountWei;
        uint32 requestedAt;
    }

    /// @dev In memory: what a finalisation has to pay with, and the queue as it finds it.
    struct Means {
        uint256 budgetWei;
        uint256 requestedBy;
        uint256 index; // ray
        uint256 claims; // normalised, of all tickets ever requested
        uint256 owedWei; // Q before, at the index
    }

    // ---- constants and immutables

    /// @dev ACC-3: a millionth of par; normalised claims at a lower index would grow without bound.
    uint256 internal constant INSOLVENT_INDEX = RAY / 1e6;
    uint256 internal constant MAX_COUNT = 100;
    bytes4 internal constant ERC4906_INTERFACE = 0x49064906;

    /// @notice Gas of one claim in `claimMany`, the receiver's part included.
    uint256 public constant CLAIM_GAS = 200_000;

    /// @notice What must be left before each claim in `claimMany`: a call receives at most 63/64 of it (EIP-150).
    uint256 internal constant GAS_BEFORE_CLAIM = CLAIM_GAS * 64 / 63 + 5000;

    IStakingVault public immutable VAULT;
    /// @inheritdoc IWithdrawalQueue
    uint256 public immutable MIN_TICKET_WEI;
    /// @inheritdoc IWithdrawalQueue
    uint256 public immutable MAX_TICKET_WEI;
    /// @inheritdoc IWithdrawalQueue
    uint256 public immutable EXIT_SECONDS;

    // ---- storage

    Requested internal _requested;
    Finalised internal _finalised;
    mapping(uint256 ticketId => Stored request) internal _stored;
    /// @dev Older indices, each by the last ticket finalised at it: written by a loss, read by claims of tickets from
    /// before it.
    Checkpoints.Trace224 internal _olderIndices;

    // ---- constructor

    constructor(
        address vault,
        uint256 minTicketWei,
        uint256 maxTicketWei,
        uint256 exitSeconds
    ) ERC721("Keel Withdrawal Ticket", "KWT") {
        if (vault == address(0)) revert ZeroAddress("vault");
        if (maxTicketWei > type(uint96).max) {
            revert ParameterOutOfBounds("maxTicketWei", maxTicketWei, type(uint96).max);
        }
        if (minTicketWei > maxTicketWei) revert ParameterOutOfBounds("minTicketWei", minTicketWei, maxTicketWei);
        VAULT = IStakingVault(vault);
        MIN_TICKET_WEI = minTicketWei;
        MAX_TICKET_WEI = maxTicketWei;
        EXIT_SECONDS = exitSeconds;
        _requested.index = uint96(RAY);
    }

    // ---- requests

    /// @inheritdoc IWithdrawalQueue
    function request(uint256 amountWei, address owner) external returns (uint256 ticketId) {
        Requested memory requested = _solventRequested();
        uint256 growthWei = _append(requested, amountWei);
        _requested = requested;
        uint256 sharesBurned = VAULT.burnForTicket(msg.sender, growthWei); // calls nobody
        ticketId = requested.lastTicket;
        _mint(owner, ticketId);
        emit TicketRequested(ticketId, owner, amountWei, sharesBurned);
    }

    /// @inheritdoc IWithdrawalQueue
    function requestMany(uint256[] calldata amountsWei, address owner) external returns (uint256[] memory ticketIds) {
        _checkCount(amountsWei.length);
        Requested memory requested = _solventRequested();
        uint256 first = uint256(requested.lastTicket) + 1;
        uint256[] memory grownWei = new uint256[](amountsWei.length + 1); // by the tickets before each
        for (uint256 i = 0; i < amountsWei.length; ++i) {
            grownWei[i + 1] = grownWei[i] + _append(requested, amountsWei[i]);
        }
        _requested = requested;
        uint256 sharesBurned = VAULT.burnForTicket(msg.sender, grownWei[amountsWei.length]); // calls nobody
        ticketIds = _mintMany(first, amountsWei, owner, grownWei, sharesBurned);
    }

    // ---- claims

    /// @inheritdoc IWithdrawalQueue
    function claimMany(uint256[] calldata ticketIds) external returns (uint256 paidWei) {
        _checkCount(ticketIds.length);
        for (uint256 i = 0; i < ticketIds.length; ++i) {
            // Without this, whoever estimates gas would find an amount at which claims are skipped.
            if (gasleft() < GAS_BEFORE_CLAIM) revert TooLittleGas(gasleft(), GAS_BEFORE_CLAIM);
            // A call to itself, so that a failed payment takes back the burn of its own ticket and nothing else.
            try this.claimFor{gas: CLAIM_GAS}(ticketIds[i], msg.sender) returns (uint256 onePaidWei) {
                paidWei += onePaidWei;
            } catch (bytes memory reason) {
                emit ClaimSkipped(ticketIds[i], reason);
            }
        }
    }

    /// @inheritdoc IWithdrawalQueue
    function claim(uint256 ticketId) external returns (uint256 paidWei) {
        return _claim(ticketId, msg.sender);
    }

    /// @inheritdoc IWithdrawalQueue
    function claimFor(uint256 ticketId, address caller) external returns (uint256 paidWei) {
        if (msg.sender != address(this)) revert OnlyQueue(msg.sender);
        return _claim(ticketId, caller);
    }

    function _claim(uint256 ticketId, address caller) internal returns (uint256 paidWei) {
        Finalised memory finalised = _finalised;
        if (ticketId == 0 || ticketId > finalised.lastTicket) {
            if (ticketId == 0 || ticketId > _requested.lastTicket) revert NoSuchTicket(ticketId);
            revert NotFinalised(ticketId, finalised.lastTicket);
        }
        address owner = _update(address(0), ticketId, address(0));
        if (owner == address(0)) revert AlreadyClaimed(ticketId);
        // A contract that holds tickets in escrow could not tell whose ether came.
        if (caller != owner && owner.code.length > 0 && !isApprovedForAll(owner, caller)) {
            revert ClaimNotAllowed(ticketId, owner, caller);
        }
        paidWei = _worthWei(ticketId, _indexOf(ticketId, finalised.lastAtOlderIndex));
        emit TicketClaimed(ticketId, owner, paidWei);
        // What the receiver returns is not copied, so it cannot cost the caller anything.
        if (!LowLevelCall.callNoReturn(owner, paidWei, "")) revert PaymentFailed(owner, paidWei);
    }

    // ---- the vault

    /// @inheritdoc IWithdrawalQueue
    function settle(uint256 index, uint256 lastTicket_) external payable {
        if (msg.sender != address(VAULT)) revert OnlyVault(msg.sender);
        Requested memory requested = _requested;
        Finalised memory finalised = _finalised;
        uint256 first = uint256(finalised.lastTicket) + 1;
        if (index > requested.index) revert IndexRises(requested.index, index);
        if (lastTicket_ < finalised.lastTicket || lastTicket_ > requested.lastTicket) {
            revert LastTicketOutOfBounds(lastTicket_, finalised.lastTicket, requested.lastTicket);
        }
        uint256 owedBeforeWei = Claims.owedUp(requested.claims - finalised.claims, index);
        uint256 costWei = owedBeforeWei - _owedAfterWei(requested.claims, lastTicket_, index);
        if (msg.value != costWei) revert WrongPayment(msg.value, costWei);

        uint256 lastChanged = lastTicket_;
        if (index < requested.index) {
            if (finalised.lastTicket > finalised.lastAtOlderIndex) {
                _olderIndices.push(finalised.lastTicket, requested.index);
                finalised.lastAtOlderIndex = finalised.lastTicket;
            }
            _requested.index = uint96(index); // below the index before
            lastChanged = requested.lastTicket;
            emit IndexLowered(requested.index, index);
        }
        if (lastTicket_ >= first) {
            finalised.lastTicket = uint32(lastTicket_); // at most the last one requested
            finalised.claims = _stored[lastTicket_].claims;
            emit TicketsFinalised(first, lastTicket_, costWei, index);
        }
        _finalised = finalised;
        if (lastChanged >= first) emit BatchMetadataUpdate(first, lastChanged);
    }

    // ---- views

    /// @inheritdoc IWithdrawalQueue
    function owedWei() external view returns (uint256) {
        return Claims.owedUp(_requested.claims - _finalised.claims, _requested.index);
    }

    /// @inheritdoc IWithdrawalQueue
    function pending() external view returns (uint256 normalised, uint256 index) {
        return (_requested.claims - _finalised.claims, _requested.index);
    }

    /// @inheritdoc IWithdrawalQueue
    function finalisable(
        uint256 hint,
        uint256 requestedBy,
        uint256 budgetWei,
        uint256 index
    ) external view returns (uint256 lastTicket_, uint256 costWei) {
        Means memory means = Means({
            budgetWei: budgetWei,
            requestedBy: requestedBy,
            index: index,
            claims: _requested.claims,
            owedWei: Claims.owedUp(_requested.claims - _finalised.claims, index)
        });
        lastTicket_ = _lastPayable(means, hint);
        costWei = means.owedWei - _owedAfterWei(means.claims, lastTicket_, index);
    }

    /// @inheritdoc IWithdrawalQueue
    function tickets(uint256[] calldata ticketIds) external view returns (Ticket[] memory found) {
        found = new Ticket[](ticketIds.length);
        for (uint256 i = 0; i < ticketIds.length; ++i) {
            found[i] = ticket(ticketIds[i]);
        }
    }

    /// @inheritdoc IWithdrawalQueue
    function claimableWei(uint256[] calldata ticketIds) external view returns (uint256[] memory worthsWei) {
        worthsWei = new uint256[](ticketIds.length);
        for (uint256 i = 0; i < ticketIds.length; ++i) {
            if (_state(ticketIds[i]) == TicketState.Finalised) {
                worthsWei[i] = ticket(ticketIds[i]).worthWei;
            }
        }
    }

    /// @inheritdoc IWithdrawalQueue
    function lastTicket() external view returns (uint256) {
        return _requested.lastTicket;
    }

    /// @inheritdoc IWithdrawalQueue
    function lastFinalised() external view returns (uint256) {
        return _finalised.lastTicket;
    }

    /// @inheritdoc IWithdrawalQueue
    function ticket(uint256 ticketId) public view returns (Ticket memory found) {
        found.state = _state(ticketId);
        if (found.state == TicketState.None) return found;
        Stored memory stored = _stored[ticketId];
        bool isPending = found.state == TicketState.Pending;
        found.owner = _ownerOf(ticketId);
        found.amountWei = stored.amountWei;
        found.worthWei = _worthWei(ticketId, _indexOf(ticketId, _finalised.lastAtOlderIndex));
        found.requestedAt = stored.requestedAt;
        if (isPending) found.likelyPaidAt = _likelyPaidAt(stored);
        else if (found.state == TicketState.Finalised) found.likelyPaidAt = block.timestamp;
    }

    /// @notice ERC-721 metadata as a `data:` URI that depends on no server. Reverts like ERC-721 without an owner.
    function tokenURI(uint256 ticketId) public view override returns (string memory) {
        _requireOwned(ticketId);
        Ticket memory found = ticket(ticketId);
        return TicketArt.uri(
            TicketArt.Shown({
                ticketId: ticketId,
                amountWei: found.amountWei,
                worthWei: found.worthWei,
                requestedAt: found.requestedAt,
                isClaimable: found.state == TicketState.Finalised
            })
        );
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC721, IERC165) returns (bool) {
        return interfaceId == ERC4906_INTERFACE || super.supportsInterface(interfaceId);
    }

    // ---- internal

    function _solventRequested() internal view returns (Requested memory requested) {
        requested = _requested;
        if (requested.index < INSOLVENT_INDEX) _revertInsolvent();
    }

    /// @dev QUE-4, QUE-1: a ticket more in `requested` and its own slot.
    /// @return growthWei by how much Q grows
    function _append(Requested memory requested, uint256 amountWei) internal returns (uint256 growthWei) {
        if (amountWei < MIN_TICKET_WEI || amountWei > MAX_TICKET_WEI) {
            revert AmountOutOfBounds(amountWei, MIN_TICKET_WEI, MAX_TICKET_WEI);
        }
        uint256 normalised = Claims.normalisedDown(amountWei, requested.index);
        growthWei = _growthWei(requested, amountWei, normalised);
        requested.lastTicket = (uint256(requested.lastTicket) + 1).toUint32();
        requested.claims = (requested.claims + normalised).toUint128();
        _stored[requested.lastTicket] = Stored({
            claims: requested.claims,
            amountWei: uint96(amountWei), // at most MAX_TICKET_WEI
            requestedAt: uint32(block.timestamp) // until the year 2106
        });
    }

    /// @dev The shares burned are divided among the tickets by what each added to Q; floors of sums add up.
    function _mintMany(
        uint256 first,
        uint256[] calldata amountsWei,
        address owner,
        uint256[] memory grownWei,
        uint256 sharesBurned
    ) internal returns (uint256[] memory ticketIds) {
        ticketIds = new uint256[](amountsWei.length);
        uint256 wholeWei = Math.max(1, grownWei[amountsWei.length]);
        for (uint256 i = 0; i < amountsWei.length; ++i) {
            ticketIds[i] = first + i;
            _mint(owner, ticketIds[i]);
            uint256 shares = sharesBurned * grownWei[i + 1] / wholeWei - sharesBurned * grownWei[i] / wholeWei;
            emit TicketRequested(ticketIds[i], owner, amountsWei[i], shares);
        }
    }

    /// @dev QUE-1: by how much Q grows. Before the first loss every claim is whole wei, so nothing rounds and what is
    /// pending need not be read.
    function _growthWei(
        Requested memory requested,
        uint256 amountWei,
        uint256 normalised
    ) internal view returns (uint256) {
        if (requested.index == RAY) return amountWei;
        uint256 claims = requested.claims - _finalised.claims;
        return Claims.owedUp(claims + normalised, requested.index) - Claims.owedUp(claims, requested.index);
    }

    function _revertInsolvent() internal view {
        (uint256 shares, uint256 assetsWei, uint256 unvestedWei) = VAULT.totals();
        revert IStakingVault.Insolvent(assetsWei - unvestedWei, shares);
    }

    function _checkCount(uint256 count) internal pure {
        if (count == 0 || count > MAX_COUNT) revert CountOutOfBounds(count, 1, MAX_COUNT);
    }

    function _state(uint256 ticketId) internal view returns (TicketState) {
        if (ticketId == 0 || ticketId > _requested.lastTicket) return TicketState.None;
        if (ticketId > _finalised.lastTicket) return TicketState.Pending;
        return _ownerOf(ticketId) == address(0) ? TicketState.Claimed : TicketState.Finalised;
    }

    /// @dev The index at which a ticket was finalised; the present one for a ticket that is pending.
    /// @param ticketId of an issued ticket, so it fits in 32 bits
    function _indexOf(uint256 ticketId, uint256 lastAtOlderIndex) internal view returns (uint256) {
        return ticketId > lastAtOlderIndex ? _requested.index : _olderIndices.lowerLookup(uint32(ticketId));
    }

    function _worthWei(uint256 ticketId, uint256 index) internal view returns (uint256) {
        return Claims.worthDown(_stored[ticketId].claims - _stored[ticketId - 1].claims, index);
    }

    /// @dev QUE-2: what is still owed once all up to `ticketId` are finalised.
    function _owedAfterWei(uint256 claimsRequested, uint256 ticketId, uint256 index) internal view returns (uint256) {
        return Claims.owedUp(claimsRequested - _stored[ticketId].claims, index);
    }

    /// @dev A bisection that begins at the hint, and ends there when the hint is right.
    function _lastPayable(Means memory means, uint256 hint) internal view returns (uint256 low) {
        low = _finalised.lastTicket; // payable, as all below
        uint256 high = _requested.lastTicket; // all above are not
        if (hint > low && hint <= high) {
            if (_isPayable(means, hint)) low = hint;
            else high = hint - 1;
        }
        if (hint == low && low < high) {
            if (_isPayable(means, low + 1)) ++low;
            else high = low;
        }
        while (low < high) {
            uint256 middle = high - (high - low) / 2;
            if (_isPayable(means, middle)) low = middle;
            else high = middle - 1;
        }
    }

    /// @dev Both conditions hold for a prefix: requests come in the order of time, and each adds to the cost.
    function _isPayable(Means memory means, uint256 ticketId) internal view returns (bool) {
        return _stored[ticketId].requestedAt <= means.requestedBy
            && means.owedWei - _owedAfterWei(means.claims, ticketId, means.index) <= means.budgetWei;
    }

    /// @dev The report that is due pays, else that of the next reference slot; later by the time validators take to
    /// exit when the buffered ether does not reach as far as this ticket.
    function _likelyPaidAt(Stored memory stored) internal view returns (uint256 paidAt) {
        uint256 newestRefTime = VAULT.newestRefTime();
        (,, uint256 lastRefTime,) = VAULT.consensus();
        bool isDue = lastRefTime < newestRefTime && stored.requestedAt <= newestRefTime;
        paidAt = isDue ? block.timestamp : newestRefTime + VAULT.FRAME_SECONDS();
        uint256 aheadWei = Claims.owedUp(stored.claims - _finalised.claims, _requested.index);
        if (aheadWei > VAULT.bufferedWei()) paidAt += EXIT_SECONDS;
    }
}
