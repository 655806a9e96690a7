// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IMarketplace} from "./IMarketplace.sol";
import {PayoutMath} from "./PayoutMath.sol";

/// @title The marketplace contract; `IMarketplace` is its map
/// @notice Nobody owns it, nothing in it can be upgraded or paused. It keeps no ether but what it owes or holds in escrow;
/// ether forced upon it stays where it is and belongs to nobody.
contract Marketplace is IMarketplace, EIP712, ReentrancyGuard {
    /// @notice The most trainers a job can have; bounds the gas of every checkpoint and settlement.
    uint256 public constant MAX_TRAINERS = 100;
    /// @notice The most validators a job can have.
    uint256 public constant MAX_VALIDATORS = 40;
    /// @notice The largest MSE that can be recorded: with it, 2^32 checkpoints cannot overflow a contribution.
    uint256 public constant MAX_MSE = type(uint128).max;
    /// @notice The largest deposit in wei.
    uint256 public constant MAX_DEPOSIT = type(uint128).max;
    /// @notice The longest time from a job's creation to its `finishBy`: nobody waits longer for a silent aggregator.
    uint256 public constant MAX_DURATION = 366 days;
    /// @notice After a checkpoint marked last, `expireJob` waits so much longer than `finishBy`, so that a buyer who signed it
    /// in the last moment cannot take the seed from a late `finalize` and settle without the aggregator.
    uint64 public constant FINALIZE_WINDOW = 1 hours;

    bytes32 private constant ACCEPTANCE_TYPEHASH = keccak256(
        "Acceptance(uint256 jobId,address owner,bytes32 specDigest,bytes32 keyDigest,uint8 roles,uint256 deposit,"
        "uint16 trainerBps,uint16 validatorBps,uint16 aggregatorBps,uint64 deadline)"
    );
    bytes32 private constant CHECKPOINT_TYPEHASH = keccak256(
        "Checkpoint(uint256 jobId,uint32 index,uint32 round,uint256 mse,uint256[] leaveOneOutMses,bool last,"
        "bytes32 deliveryDigest)"
    );
    uint8 private constant ROLE_TRAINER = 1;
    uint8 private constant ROLE_VALIDATOR = 2;
    uint8 private constant ROLE_EITHER = 3;

    uint256 private _jobCount;
    uint256 private _totalEscrowed;
    uint256 private _totalOwed;
    mapping(uint256 jobId => Job) private _jobs;
    mapping(uint256 jobId => address[]) private _trainers;
    mapping(uint256 jobId => address[]) private _validators;
    mapping(uint256 jobId => uint256[]) private _contributions;
    mapping(uint256 jobId => mapping(address account => Participation)) private _participation;
    mapping(address account => uint256) private _owed;

    constructor() EIP712("DeltaML Marketplace", "1") {}

    // ------------------------------------------------------------------------------------------------ a job's life

    /// @inheritdoc IMarketplace
    function createJob(JobTerms calldata terms) external payable returns (uint256 jobId) {
        if (msg.value == 0 || msg.value > MAX_DEPOSIT) revert MarketplaceDepositOutOfRange(msg.value, MAX_DEPOSIT);
        _checkTerms(terms);
        jobId = ++_jobCount;
        Job storage job = _jobs[jobId];
        job.terms = terms;
        job.buyer = msg.sender;
        job.state = JobState.Posted;
        // At most MAX_DEPOSIT, checked above.
        job.deposit = uint128(msg.value);
        _totalEscrowed += msg.value;
        emit JobCreated(jobId, msg.sender, terms.aggregator, msg.value, terms.specDigest, terms.keyDigest);
    }

    /// @inheritdoc IMarketplace
    function revokeAcceptance(uint256 jobId) external {
        _jobIn(jobId, JobState.Posted);
        if (_participation[jobId][msg.sender] == Participation.Revoked) {
            revert MarketplaceAcceptanceRevoked(jobId, msg.sender);
        }
        _participation[jobId][msg.sender] = Participation.Revoked;
        emit AcceptanceRevoked(jobId, msg.sender);
    }

    /// @inheritdoc IMarketplace
    function startJob(
        uint256 jobId,
        address[] calldata trainers,
        address[] calldata validators,
        bytes[] calldata acceptances,
        bytes32 seedHash
    ) external {
        Job storage job = _jobOfAggregator(jobId, JobState.Posted);
        if (block.timestamp > job.terms.startBy) revert MarketplaceTooLate(jobId, job.terms.startBy);
        if (seedHash == bytes32(0)) revert MarketplaceSeedHashMissing(jobId);
        _checkCounts(jobId, job.terms, trainers.length, validators.length, acceptances.length);
        _enrol(jobId, trainers, acceptances, 0, Participation.Trainer);
        _enrol(jobId, validators, acceptances, trainers.length, Participation.Validator);
        job.state = JobState.Running;
        job.seedHash = seedHash;
        _trainers[jobId] = trainers;
        _validators[jobId] = validators;
        _contributions[jobId] = new uint256[](trainers.length);
        emit JobStarted(jobId, trainers, validators, seedHash);
    }

    /// @inheritdoc IMarketplace
    function recordCheckpoint(uint256 jobId, Checkpoint calldata checkpoint, bytes calldata buyerSignature) external {
        Job storage job = _jobOfAggregator(jobId, JobState.Running);
        if (block.timestamp > job.terms.finishBy) revert MarketplaceTooLate(jobId, job.terms.finishBy);
        _checkPlace(jobId, job, checkpoint);
        if (checkpoint.mse > MAX_MSE) revert MarketplaceMseTooLarge(checkpoint.mse, MAX_MSE);
        if (checkpoint.last && checkpoint.deliveryDigest == bytes32(0)) revert MarketplaceDeliveryDigestMissing(jobId);
        if (!_signed(job.buyer, hashCheckpoint(jobId, checkpoint), buyerSignature)) {
            revert MarketplaceBuyerSignatureInvalid(jobId);
        }
        _addContributions(jobId, checkpoint);
        // At most MAX_MSE, checked above.
        uint128 mse = uint128(checkpoint.mse);
        if (checkpoint.index == 0) job.initialMse = mse;
        job.latestMse = mse;
        job.checkpointCount += 1;
        if (checkpoint.last) {
            job.lastRecorded = true;
            job.deliveryDigest = checkpoint.deliveryDigest;
        }
        emit CheckpointRecorded(
            jobId,
            checkpoint.index,
            checkpoint.round,
            checkpoint.mse,
            checkpoint.leaveOneOutMses,
            checkpoint.last,
            checkpoint.deliveryDigest
        );
    }

    /// @inheritdoc IMarketplace
    function finalize(uint256 jobId, bytes32 seed) external {
        Job storage job = _jobOfAggregator(jobId, JobState.Running);
        if (!job.lastRecorded) revert MarketplaceLastCheckpointMissing(jobId);
        if (keccak256(abi.encodePacked(seed)) != job.seedHash) revert MarketplaceSeedMismatch(jobId);
        job.state = JobState.Finished;
        uint256 refunded = _settle(jobId, job);
        emit JobFinalized(jobId, seed, job.deposit - refunded, refunded);
    }

    /// @inheritdoc IMarketplace
    function cancelJob(uint256 jobId) external {
        Job storage job = _jobIn(jobId, JobState.Posted);
        if (msg.sender != job.buyer && block.timestamp <= job.terms.startBy) {
            revert MarketplaceNotBuyer(jobId, msg.sender);
        }
        job.state = JobState.Cancelled;
        uint256 deposit = job.deposit;
        _totalEscrowed -= deposit;
        _credit(jobId, job.buyer, Role.Buyer, deposit);
        emit JobCancelled(jobId, deposit);
    }

    /// @inheritdoc IMarketplace
    function expireJob(uint256 jobId) external {
        Job storage job = _jobIn(jobId, JobState.Running);
        uint64 deadline = job.lastRecorded ? job.terms.finishBy + FINALIZE_WINDOW : job.terms.finishBy;
        if (block.timestamp <= deadline) revert MarketplaceTooEarly(jobId, deadline);
        job.state = JobState.Expired;
        uint256 refunded = _settle(jobId, job);
        emit JobExpired(jobId, job.deposit - refunded, refunded);
    }

    /// @inheritdoc IMarketplace
    function withdraw() external nonReentrant {
        _withdraw(msg.sender);
    }

    /// @inheritdoc IMarketplace
    function withdrawTo(address to) external nonReentrant {
        if (to == address(0) || to == address(this)) revert MarketplaceRecipientInvalid(to);
        _withdraw(to);
    }

    // ------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IMarketplace
    function jobCount() external view returns (uint256) {
        return _jobCount;
    }

    /// @inheritdoc IMarketplace
    function getJob(uint256 jobId) external view returns (Job memory) {
        return _existing(jobId);
    }

    /// @inheritdoc IMarketplace
    function getTrainers(uint256 jobId) external view returns (address[] memory) {
        _existing(jobId);
        return _trainers[jobId];
    }

    /// @inheritdoc IMarketplace
    function getValidators(uint256 jobId) external view returns (address[] memory) {
        _existing(jobId);
        return _validators[jobId];
    }

    /// @inheritdoc IMarketplace
    function participationOf(uint256 jobId, address account) external view returns (Participation) {
        _existing(jobId);
        return _participation[jobId][account];
    }

    /// @inheritdoc IMarketplace
    function contributions(uint256 jobId) external view returns (uint256[] memory) {
        _existing(jobId);
        return _contributions[jobId];
    }

    /// @inheritdoc IMarketplace
    function checkpointCount(uint256 jobId) external view returns (uint256) {
        return _existing(jobId).checkpointCount;
    }

    /// @inheritdoc IMarketplace
    function quote(uint256 jobId)
        external
        view
        returns (uint256[] memory perTrainer, uint256 perValidator, uint256 aggregator, uint256 refund)
    {
        PayoutMath.Payout memory payout = _payout(jobId, _existing(jobId));
        return (payout.perTrainer, payout.perValidator, payout.aggregator, payout.refund);
    }

    /// @inheritdoc IMarketplace
    function owed(address account) external view returns (uint256) {
        return _owed[account];
    }

    /// @inheritdoc IMarketplace
    function escrowed(uint256 jobId) external view returns (uint256) {
        Job storage job = _existing(jobId);
        return job.state == JobState.Posted || job.state == JobState.Running ? job.deposit : 0;
    }

    /// @inheritdoc IMarketplace
    function totalEscrowed() external view returns (uint256) {
        return _totalEscrowed;
    }

    /// @inheritdoc IMarketplace
    function totalOwed() external view returns (uint256) {
        return _totalOwed;
    }

    /// @inheritdoc IMarketplace
    function hashAcceptance(uint256 jobId, address owner, uint8 roles) public view returns (bytes32) {
        Job storage job = _existing(jobId);
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    ACCEPTANCE_TYPEHASH,
                    jobId,
                    owner,
                    job.terms.specDigest,
                    job.terms.keyDigest,
                    roles,
                    uint256(job.deposit),
                    job.terms.trainerBps,
                    job.terms.validatorBps,
                    job.terms.aggregatorBps,
                    job.terms.finishBy
                )
            )
        );
    }

    /// @inheritdoc IMarketplace
    function hashCheckpoint(uint256 jobId, Checkpoint calldata checkpoint) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    CHECKPOINT_TYPEHASH,
                    jobId,
                    checkpoint.index,
                    checkpoint.round,
                    checkpoint.mse,
                    keccak256(abi.encodePacked(checkpoint.leaveOneOutMses)),
                    checkpoint.last,
                    checkpoint.deliveryDigest
                )
            )
        );
    }

    // ------------------------------------------------------------------------------------------------------ checks

    function _existing(uint256 jobId) private view returns (Job storage job) {
        job = _jobs[jobId];
        if (job.state == JobState.None) revert MarketplaceNoSuchJob(jobId);
    }

    function _jobIn(uint256 jobId, JobState expected) private view returns (Job storage job) {
        job = _existing(jobId);
        if (job.state != expected) revert MarketplaceWrongState(jobId, job.state);
    }

    function _jobOfAggregator(uint256 jobId, JobState expected) private view returns (Job storage job) {
        job = _existing(jobId);
        if (msg.sender != job.terms.aggregator) revert MarketplaceNotAggregator(jobId, msg.sender);
        if (job.state != expected) revert MarketplaceWrongState(jobId, job.state);
    }

    function _checkTerms(JobTerms calldata terms) private view {
        // A buyer that is its own aggregator would hold both of the signatures that a checkpoint needs.
        if (terms.aggregator == address(0) || terms.aggregator == msg.sender) {
            revert MarketplaceAggregatorInvalid(terms.aggregator);
        }
        if (terms.specDigest == bytes32(0) || terms.keyDigest == bytes32(0)) revert MarketplaceDigestMissing();
        if (
            terms.startBy < block.timestamp || terms.finishBy <= terms.startBy
                || terms.finishBy > block.timestamp + MAX_DURATION
        ) {
            revert MarketplaceDeadlinesInvalid(terms.startBy, terms.finishBy, block.timestamp);
        }
        uint256 totalBps = uint256(terms.trainerBps) + terms.validatorBps + terms.aggregatorBps;
        if (totalBps > PayoutMath.BASIS_POINTS) revert MarketplaceSharesExceedDeposit(totalBps);
        if (
            terms.minTrainers == 0 || terms.minTrainers > MAX_TRAINERS || terms.minValidators == 0
                || terms.minValidators > MAX_VALIDATORS || terms.maxParticipants > MAX_TRAINERS + MAX_VALIDATORS
                || uint256(terms.minTrainers) + terms.minValidators > terms.maxParticipants
        ) {
            revert MarketplaceParticipantLimitsInvalid(terms.minTrainers, terms.minValidators, terms.maxParticipants);
        }
    }

    function _checkCounts(
        uint256 jobId,
        JobTerms storage terms,
        uint256 trainers,
        uint256 validators,
        uint256 acceptances
    ) private view {
        if (
            trainers < terms.minTrainers || trainers > MAX_TRAINERS || validators < terms.minValidators
                || validators > MAX_VALIDATORS || trainers + validators > terms.maxParticipants
        ) {
            revert MarketplaceParticipantCountInvalid(jobId, trainers, validators);
        }
        if (acceptances != trainers + validators) {
            revert MarketplaceAcceptanceCountInvalid(jobId, acceptances, trainers + validators);
        }
    }

    function _checkPlace(uint256 jobId, Job storage job, Checkpoint calldata checkpoint) private view {
        if (job.lastRecorded) revert MarketplaceCheckpointAfterLast(jobId, checkpoint.index);
        // Without gaps: which checkpoints count towards the pay is not the aggregator's choice.
        if (checkpoint.index != job.checkpointCount) {
            revert MarketplaceCheckpointOutOfOrder(jobId, checkpoint.index, job.checkpointCount);
        }
        uint256 expected = checkpoint.index == 0 ? 0 : _trainers[jobId].length;
        if (checkpoint.leaveOneOutMses.length != expected) {
            revert MarketplaceLeaveOneOutCountInvalid(jobId, checkpoint.leaveOneOutMses.length, expected);
        }
    }

    function _accepted(uint256 jobId, address owner, uint8 role, bytes calldata signature) private view returns (bool) {
        // Most owners leave the choice of their role to the draw, so that reading is tried first.
        return _signed(owner, hashAcceptance(jobId, owner, ROLE_EITHER), signature)
            || _signed(owner, hashAcceptance(jobId, owner, role), signature);
    }

    /// @dev The key's own signature counts first: code that an account takes on later (EIP-7702) cannot disown it.
    function _signed(address signer, bytes32 digest, bytes calldata signature) private view returns (bool) {
        // The value left out only says more about an error, and with any error the key has not signed.
        // slither-disable-next-line unused-return
        (address recovered, ECDSA.RecoverError error,) = ECDSA.tryRecover(digest, signature);
        return (error == ECDSA.RecoverError.NoError && recovered == signer)
            || SignatureChecker.isValidERC1271SignatureNow(signer, digest, signature);
    }

    // ----------------------------------------------------------------------------------------------------- effects

    /// @dev The acceptance of `owners[i]` is `acceptances[offset + i]`.
    function _enrol(
        uint256 jobId,
        address[] calldata owners,
        bytes[] calldata acceptances,
        uint256 offset,
        Participation as_
    ) private {
        Job storage job = _jobs[jobId];
        uint8 role = as_ == Participation.Trainer ? ROLE_TRAINER : ROLE_VALIDATOR;
        for (uint256 i = 0; i < owners.length; ++i) {
            address owner = owners[i];
            Participation present = _participation[jobId][owner];
            if (present == Participation.Revoked) revert MarketplaceAcceptanceRevoked(jobId, owner);
            if (present != Participation.None || owner == job.buyer || owner == job.terms.aggregator) {
                revert MarketplaceParticipantConflict(jobId, owner);
            }
            if (!_accepted(jobId, owner, role, acceptances[offset + i])) {
                revert MarketplaceAcceptanceInvalid(jobId, owner);
            }
            _participation[jobId][owner] = as_;
        }
    }

    function _addContributions(uint256 jobId, Checkpoint calldata checkpoint) private {
        uint256[] storage sums = _contributions[jobId];
        for (uint256 i = 0; i < checkpoint.leaveOneOutMses.length; ++i) {
            uint256 without = checkpoint.leaveOneOutMses[i];
            if (without > MAX_MSE) revert MarketplaceMseTooLarge(without, MAX_MSE);
            if (without > checkpoint.mse) sums[i] += without - checkpoint.mse;
        }
    }

    /// @dev The state decides who is paid: it must be set before.
    function _settle(uint256 jobId, Job storage job) private returns (uint256 refunded) {
        PayoutMath.Payout memory payout = _payout(jobId, job);
        _totalEscrowed -= job.deposit;
        address[] storage trainers = _trainers[jobId];
        for (uint256 i = 0; i < payout.perTrainer.length; ++i) {
            _credit(jobId, trainers[i], Role.Trainer, payout.perTrainer[i]);
        }
        address[] storage validators = _validators[jobId];
        for (uint256 i = 0; i < validators.length; ++i) {
            _credit(jobId, validators[i], Role.Validator, payout.perValidator);
        }
        _credit(jobId, job.terms.aggregator, Role.Aggregator, payout.aggregator);
        _credit(jobId, job.buyer, Role.Buyer, payout.refund);
        return payout.refund;
    }

    function _payout(uint256 jobId, Job storage job) private view returns (PayoutMath.Payout memory) {
        bool evaluated = job.checkpointCount > 0;
        bool delivered = job.state != JobState.Expired;
        return PayoutMath.payout(
            PayoutMath.Input({
                deposit: job.deposit,
                initialMse: job.initialMse,
                finalMse: job.latestMse,
                trainerBps: job.terms.trainerBps,
                validatorBps: evaluated ? job.terms.validatorBps : 0,
                aggregatorBps: evaluated && delivered ? job.terms.aggregatorBps : 0,
                validatorCount: _validators[jobId].length
            }),
            _contributions[jobId]
        );
    }

    function _credit(uint256 jobId, address payee, Role role, uint256 amount) private {
        if (amount == 0) return;
        _owed[payee] += amount;
        _totalOwed += amount;
        emit Credited(jobId, payee, role, amount);
    }

    function _withdraw(address to) private {
        uint256 amount = _owed[msg.sender];
        if (amount == 0) revert MarketplaceNothingOwed(msg.sender);
        _owed[msg.sender] = 0;
        _totalOwed -= amount;
        emit Withdrawn(msg.sender, to, amount);
        (bool sent,) = to.call{value: amount}("");
        if (!sent) revert MarketplaceTransferFailed(to, amount);
    }
}
