// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../../src/IMarketplace.sol";
import {Actors} from "./Actors.sol";
import {PayoutModel} from "./PayoutModel.sol";

/// @notice What IMarketplace promises, kept a second time: for each call whether it is refused and with which error, and
/// after each call what every job looks like and what everybody is owed.
abstract contract MarketModel is Actors {
    struct Ghost {
        IMarketplace.Job job;
        address[] trainers;
        address[] validators;
        uint256[] contributions;
        bytes32 seed;
        uint256 credited;
        bytes latestCheckpoint;
    }

    struct Start {
        uint256 jobId;
        address caller;
        address[] trainers;
        address[] validators;
        bytes[] acceptances;
        bool[] valid;
        bytes32 seedHash;
    }

    uint256 internal constant MAX_MSE = type(uint128).max;
    uint256 internal constant MAX_DEPOSIT = type(uint128).max;
    uint256 internal constant MAX_DURATION = 366 days;
    uint64 internal constant FINALIZE_WINDOW = 1 hours;

    uint256 internal _jobs;
    uint256[] internal _open;
    mapping(uint256 jobId => Ghost) internal _ghosts;
    mapping(uint256 jobId => mapping(address account => IMarketplace.Participation)) internal _roles;
    mapping(uint256 jobId => mapping(address payee => mapping(IMarketplace.Role role => bool))) internal _wasCredited;
    mapping(address account => uint256) internal _owed;
    uint256 internal _deposited;
    uint256 internal _escrowed;
    uint256 internal _withdrawn;
    uint256 internal _forced;

    // ----------------------------------------------------------------------------- refusals; empty where there is none

    function _refusalOfCreate(address caller, IMarketplace.JobTerms memory terms, uint256 deposit)
        internal
        view
        returns (bytes memory)
    {
        if (deposit == 0 || deposit > MAX_DEPOSIT) {
            return abi.encodeWithSelector(IMarketplace.MarketplaceDepositOutOfRange.selector, deposit, MAX_DEPOSIT);
        }
        if (terms.aggregator == address(0) || terms.aggregator == caller) {
            return abi.encodeWithSelector(IMarketplace.MarketplaceAggregatorInvalid.selector, terms.aggregator);
        }
        if (terms.specDigest == 0 || terms.keyDigest == 0) {
            return abi.encodeWithSelector(IMarketplace.MarketplaceDigestMissing.selector);
        }
        bool inTime = block.timestamp <= terms.startBy && terms.startBy < terms.finishBy;
        if (!inTime || terms.finishBy - block.timestamp > MAX_DURATION) {
            return abi.encodeWithSelector(
                IMarketplace.MarketplaceDeadlinesInvalid.selector, terms.startBy, terms.finishBy, block.timestamp
            );
        }
        uint256 shares = uint256(terms.trainerBps) + terms.validatorBps + terms.aggregatorBps;
        if (shares > 10_000) {
            return abi.encodeWithSelector(IMarketplace.MarketplaceSharesExceedDeposit.selector, shares);
        }
        bool possible = 1 <= terms.minTrainers && terms.minTrainers <= 100 && 1 <= terms.minValidators
            && terms.minValidators <= 40 && terms.maxParticipants <= 140
            && uint256(terms.minTrainers) + terms.minValidators <= terms.maxParticipants;
        if (!possible) {
            return abi.encodeWithSelector(
                IMarketplace.MarketplaceParticipantLimitsInvalid.selector,
                terms.minTrainers,
                terms.minValidators,
                terms.maxParticipants
            );
        }
        return "";
    }

    function _refusalOfRevoke(address caller, uint256 jobId) internal view returns (bytes memory refusal) {
        refusal = _refusalUnless(jobId, IMarketplace.JobState.Posted);
        if (refusal.length == 0 && _roles[jobId][caller] == IMarketplace.Participation.Revoked) {
            return abi.encodeWithSelector(IMarketplace.MarketplaceAcceptanceRevoked.selector, jobId, caller);
        }
    }

    function _refusalOfStart(Start memory start) internal view returns (bytes memory refusal) {
        uint256 jobId = start.jobId;
        IMarketplace.JobTerms storage terms = _ghosts[jobId].job.terms;
        refusal = _refusalToAggregator(start.caller, jobId, IMarketplace.JobState.Posted);
        if (refusal.length > 0) return refusal;
        if (block.timestamp > terms.startBy) {
            return abi.encodeWithSelector(IMarketplace.MarketplaceTooLate.selector, jobId, terms.startBy);
        }
        if (start.seedHash == 0) {
            return abi.encodeWithSelector(IMarketplace.MarketplaceSeedHashMissing.selector, jobId);
        }
        (uint256 trainers, uint256 validators) = (start.trainers.length, start.validators.length);
        bool fits = terms.minTrainers <= trainers && trainers <= 100 && terms.minValidators <= validators
            && validators <= 40 && trainers + validators <= terms.maxParticipants;
        if (!fits) {
            return abi.encodeWithSelector(
                IMarketplace.MarketplaceParticipantCountInvalid.selector, jobId, trainers, validators
            );
        }
        if (start.acceptances.length != trainers + validators) {
            return abi.encodeWithSelector(
                IMarketplace.MarketplaceAcceptanceCountInvalid.selector,
                jobId,
                start.acceptances.length,
                trainers + validators
            );
        }
        return _refusalOfOwners(start);
    }

    function _refusalOfOwners(Start memory start) private view returns (bytes memory) {
        (uint256 jobId, uint256 trainers) = (start.jobId, start.trainers.length);
        IMarketplace.Job storage job = _ghosts[jobId].job;
        for (uint256 i = 0; i < trainers + start.validators.length; ++i) {
            address owner = _ownerAt(start, i);
            if (_roles[jobId][owner] == IMarketplace.Participation.Revoked) {
                return abi.encodeWithSelector(IMarketplace.MarketplaceAcceptanceRevoked.selector, jobId, owner);
            }
            bool conflict = owner == job.buyer || owner == job.terms.aggregator;
            for (uint256 earlier = 0; earlier < i; ++earlier) {
                conflict = conflict || _ownerAt(start, earlier) == owner;
            }
            if (conflict) {
                return abi.encodeWithSelector(IMarketplace.MarketplaceParticipantConflict.selector, jobId, owner);
            }
            if (!start.valid[i]) {
                return abi.encodeWithSelector(IMarketplace.MarketplaceAcceptanceInvalid.selector, jobId, owner);
            }
        }
        return "";
    }

    function _ownerAt(Start memory start, uint256 i) internal pure returns (address) {
        return i < start.trainers.length ? start.trainers[i] : start.validators[i - start.trainers.length];
    }

    function _refusalOfCheckpoint(
        address caller,
        uint256 jobId,
        IMarketplace.Checkpoint memory checkpoint,
        bool signatureValid
    ) internal view returns (bytes memory refusal) {
        Ghost storage ghost = _ghosts[jobId];
        refusal = _refusalToAggregator(caller, jobId, IMarketplace.JobState.Running);
        if (refusal.length > 0) return refusal;
        if (block.timestamp > ghost.job.terms.finishBy) {
            return abi.encodeWithSelector(IMarketplace.MarketplaceTooLate.selector, jobId, ghost.job.terms.finishBy);
        }
        if (ghost.job.lastRecorded) {
            return abi.encodeWithSelector(IMarketplace.MarketplaceCheckpointAfterLast.selector, jobId, checkpoint.index);
        }
        uint32 next = ghost.job.checkpointCount;
        if (checkpoint.index != next) {
            return abi.encodeWithSelector(
                IMarketplace.MarketplaceCheckpointOutOfOrder.selector, jobId, checkpoint.index, next
            );
        }
        return _refusalOfContent(jobId, checkpoint, next == 0 ? 0 : ghost.trainers.length, signatureValid);
    }

    function _refusalOfContent(
        uint256 jobId,
        IMarketplace.Checkpoint memory checkpoint,
        uint256 leaveOneOuts,
        bool signatureValid
    ) private pure returns (bytes memory) {
        uint256[] memory without = checkpoint.leaveOneOutMses;
        if (without.length != leaveOneOuts) {
            return abi.encodeWithSelector(
                IMarketplace.MarketplaceLeaveOneOutCountInvalid.selector, jobId, without.length, leaveOneOuts
            );
        }
        if (checkpoint.mse > MAX_MSE) {
            return abi.encodeWithSelector(IMarketplace.MarketplaceMseTooLarge.selector, checkpoint.mse, MAX_MSE);
        }
        if (checkpoint.last && checkpoint.deliveryDigest == 0) {
            return abi.encodeWithSelector(IMarketplace.MarketplaceDeliveryDigestMissing.selector, jobId);
        }
        if (!signatureValid) {
            return abi.encodeWithSelector(IMarketplace.MarketplaceBuyerSignatureInvalid.selector, jobId);
        }
        for (uint256 i = 0; i < without.length; ++i) {
            if (without[i] > MAX_MSE) {
                return abi.encodeWithSelector(IMarketplace.MarketplaceMseTooLarge.selector, without[i], MAX_MSE);
            }
        }
        return "";
    }

    function _refusalOfFinalize(address caller, uint256 jobId, bytes32 seed)
        internal
        view
        returns (bytes memory refusal)
    {
        refusal = _refusalToAggregator(caller, jobId, IMarketplace.JobState.Running);
        if (refusal.length > 0) return refusal;
        if (!_ghosts[jobId].job.lastRecorded) {
            return abi.encodeWithSelector(IMarketplace.MarketplaceLastCheckpointMissing.selector, jobId);
        }
        if (seed != _ghosts[jobId].seed) {
            return abi.encodeWithSelector(IMarketplace.MarketplaceSeedMismatch.selector, jobId);
        }
    }

    function _refusalOfCancel(address caller, uint256 jobId) internal view returns (bytes memory refusal) {
        IMarketplace.Job storage job = _ghosts[jobId].job;
        refusal = _refusalUnless(jobId, IMarketplace.JobState.Posted);
        if (refusal.length == 0 && caller != job.buyer && block.timestamp <= job.terms.startBy) {
            return abi.encodeWithSelector(IMarketplace.MarketplaceNotBuyer.selector, jobId, caller);
        }
    }

    function _refusalOfExpire(uint256 jobId) internal view returns (bytes memory refusal) {
        uint64 deadline = _expiryOf(jobId);
        refusal = _refusalUnless(jobId, IMarketplace.JobState.Running);
        if (refusal.length == 0 && block.timestamp <= deadline) {
            return abi.encodeWithSelector(IMarketplace.MarketplaceTooEarly.selector, jobId, deadline);
        }
    }

    /// @dev The last second in which a running job cannot be expired.
    function _expiryOf(uint256 jobId) internal view returns (uint64) {
        IMarketplace.Job storage job = _ghosts[jobId].job;
        return job.terms.finishBy + (job.lastRecorded ? FINALIZE_WINDOW : 0);
    }

    function _refusalUnless(uint256 jobId, IMarketplace.JobState expected) private view returns (bytes memory) {
        IMarketplace.JobState state = _ghosts[jobId].job.state;
        if (state == expected) return "";
        if (state == IMarketplace.JobState.None) {
            return abi.encodeWithSelector(IMarketplace.MarketplaceNoSuchJob.selector, jobId);
        }
        return abi.encodeWithSelector(IMarketplace.MarketplaceWrongState.selector, jobId, state);
    }

    function _refusalToAggregator(address caller, uint256 jobId, IMarketplace.JobState expected)
        private
        view
        returns (bytes memory)
    {
        IMarketplace.Job storage job = _ghosts[jobId].job;
        if (job.state != IMarketplace.JobState.None && caller != job.terms.aggregator) {
            return abi.encodeWithSelector(IMarketplace.MarketplaceNotAggregator.selector, jobId, caller);
        }
        return _refusalUnless(jobId, expected);
    }
}
