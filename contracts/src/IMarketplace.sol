// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

/// @title The marketplace for training jobs: escrow, consent, checkpoints and pay
/// @notice A model buyer escrows a deposit for one training job. Its aggregator enrols data owners who signed the job's
/// terms, records the checkpoints that the buyer signed, and at last reveals the seed that unmasks the delivered weights,
/// which pays everybody in the same transaction.
///
///     createJob ──► Posted ──startJob──► Running ──finalize──► Finished
///                     │                     │
///                 cancelJob             expireJob
///                     ▼                     ▼
///                 Cancelled              Expired
///
/// Whoever is silent, money comes out: the buyer's by `cancelJob` (at once, or by anybody after `startBy`), the trainers'
/// and validators' by `expireJob` (by anybody after `finishBy`). All pay is pulled with `withdraw`.
///
/// Every MSE is the mean squared error divided by the squared half-width of the target's declared range, times 1e18,
/// rounded down: a dimensionless fixed-point integer of at most `MAX_MSE` (larger values are recorded as `MAX_MSE`).
interface IMarketplace {
    // ------------------------------------------------------------------------------------------------------- types

    /// @notice Where a job stands.
    enum JobState {
        None,
        Posted,
        Running,
        Finished,
        Expired,
        Cancelled
    }

    /// @notice What one account is in one job.
    enum Participation {
        None,
        Trainer,
        Validator,
        Revoked
    }

    /// @notice In which capacity an account was credited.
    enum Role {
        Trainer,
        Validator,
        Aggregator,
        Buyer
    }

    /// @notice The terms of a job, fixed when it is created.
    /// @param aggregator who runs the job; neither the buyer nor a participant
    /// @param specDigest digest of the job's specification, which is kept off chain
    /// @param keyDigest keccak256 of the buyer's Paillier modulus
    /// @param startBy last second in which the job can be started; from then on anybody can cancel it
    /// @param finishBy last second in which a checkpoint can be recorded; after it anybody can expire the job
    /// @param trainerBps share of the deposit, in basis points, that a perfect model (MSE 0) pays to the trainers
    /// @param validatorBps share of the deposit, in basis points, for the validators
    /// @param aggregatorBps share of the deposit, in basis points, for the aggregator
    /// @param minTrainers the least number of trainers, 1 to `MAX_TRAINERS`
    /// @param minValidators the least number of validators, 1 to `MAX_VALIDATORS`
    /// @param maxParticipants the most trainers and validators together
    struct JobTerms {
        address aggregator;
        bytes32 specDigest;
        bytes32 keyDigest;
        uint64 startBy;
        uint64 finishBy;
        uint16 trainerBps;
        uint16 validatorBps;
        uint16 aggregatorBps;
        uint16 minTrainers;
        uint16 minValidators;
        uint16 maxParticipants;
    }

    /// @notice One evaluation of the model.
    /// @param index position in the history, without gaps: 0 is the start model
    /// @param round training round after which the model was evaluated
    /// @param mse MSE of the global model
    /// @param leaveOneOutMses MSE of the model without each trainer, in the trainers' order; empty for index 0
    /// @param last whether training is over; no checkpoint can follow
    /// @param deliveryDigest digest of the delivered (masked) weights; needed when `last`
    struct Checkpoint {
        uint32 index;
        uint32 round;
        uint256 mse;
        uint256[] leaveOneOutMses;
        bool last;
        bytes32 deliveryDigest;
    }

    /// @notice Everything stored about a job except its participants and their contributions.
    /// @param terms as given to `createJob`
    /// @param buyer who created the job
    /// @param state where it stands
    /// @param lastRecorded whether a checkpoint marked last was recorded
    /// @param checkpointCount number of checkpoints recorded, which is the index of the next one
    /// @param deposit escrowed amount in wei
    /// @param initialMse MSE of checkpoint 0
    /// @param latestMse MSE of the latest checkpoint
    /// @param seedHash keccak256 of the seed that masks the delivered weights
    /// @param deliveryDigest digest of the delivered weights, once known
    struct Job {
        JobTerms terms;
        address buyer;
        JobState state;
        bool lastRecorded;
        uint32 checkpointCount;
        uint128 deposit;
        uint128 initialMse;
        uint128 latestMse;
        bytes32 seedHash;
        bytes32 deliveryDigest;
    }

    // ------------------------------------------------------------------------------------------------------ events

    /// @notice A buyer escrowed `deposit` wei for a job.
    event JobCreated(
        uint256 indexed jobId,
        address indexed buyer,
        address indexed aggregator,
        uint256 deposit,
        bytes32 specDigest,
        bytes32 keyDigest
    );

    /// @notice An owner took back whatever acceptance of this job it may have signed.
    event AcceptanceRevoked(uint256 indexed jobId, address indexed owner);

    /// @notice Training starts with these participants.
    event JobStarted(uint256 indexed jobId, address[] trainers, address[] validators, bytes32 seedHash);

    /// @notice Buyer and aggregator agreed on a checkpoint.
    event CheckpointRecorded(
        uint256 indexed jobId,
        uint32 indexed index,
        uint32 round,
        uint256 mse,
        uint256[] leaveOneOutMses,
        bool last,
        bytes32 deliveryDigest
    );

    /// @notice An account is owed `amount` wei more. Amounts of zero are not reported.
    event Credited(uint256 indexed jobId, address indexed payee, Role indexed role, uint256 amount);

    /// @notice The seed is public and everybody is credited; `paid + refunded` is the deposit.
    event JobFinalized(uint256 indexed jobId, bytes32 seed, uint256 paid, uint256 refunded);

    /// @notice The job's time ran out; it was settled on its latest checkpoint. `paid + refunded` is the deposit.
    event JobExpired(uint256 indexed jobId, uint256 paid, uint256 refunded);

    /// @notice The job never started; the whole deposit went back to the buyer.
    event JobCancelled(uint256 indexed jobId, uint256 refunded);

    /// @notice `payee` took everything it was owed.
    event Withdrawn(address indexed payee, address indexed to, uint256 amount);

    // ------------------------------------------------------------------------------------------------------ errors

    error MarketplaceDepositOutOfRange(uint256 deposit, uint256 maximum);
    error MarketplaceAggregatorInvalid(address aggregator);
    error MarketplaceDigestMissing();
    error MarketplaceDeadlinesInvalid(uint64 startBy, uint64 finishBy, uint256 currentTime);
    error MarketplaceSharesExceedDeposit(uint256 totalBps);
    error MarketplaceParticipantLimitsInvalid(uint16 minTrainers, uint16 minValidators, uint16 maxParticipants);
    error MarketplaceNoSuchJob(uint256 jobId);
    error MarketplaceWrongState(uint256 jobId, JobState state);
    error MarketplaceNotAggregator(uint256 jobId, address caller);
    error MarketplaceNotBuyer(uint256 jobId, address caller);
    error MarketplaceTooEarly(uint256 jobId, uint64 deadline);
    error MarketplaceTooLate(uint256 jobId, uint64 deadline);
    error MarketplaceParticipantCountInvalid(uint256 jobId, uint256 trainers, uint256 validators);
    error MarketplaceAcceptanceCountInvalid(uint256 jobId, uint256 given, uint256 expected);
    error MarketplaceParticipantConflict(uint256 jobId, address account);
    error MarketplaceAcceptanceRevoked(uint256 jobId, address owner);
    error MarketplaceAcceptanceInvalid(uint256 jobId, address owner);
    error MarketplaceSeedHashMissing(uint256 jobId);
    error MarketplaceCheckpointAfterLast(uint256 jobId, uint32 index);
    error MarketplaceCheckpointOutOfOrder(uint256 jobId, uint32 index, uint32 expected);
    error MarketplaceLeaveOneOutCountInvalid(uint256 jobId, uint256 given, uint256 expected);
    error MarketplaceMseTooLarge(uint256 mse, uint256 maximum);
    error MarketplaceDeliveryDigestMissing(uint256 jobId);
    error MarketplaceBuyerSignatureInvalid(uint256 jobId);
    error MarketplaceLastCheckpointMissing(uint256 jobId);
    error MarketplaceSeedMismatch(uint256 jobId);
    error MarketplaceNothingOwed(address account);
    error MarketplaceRecipientInvalid(address to);
    error MarketplaceTransferFailed(address to, uint256 amount);

    // -------------------------------------------------------------------------------------------------- a job's life

    /// @notice Escrows `msg.value` for a new job; the caller becomes its buyer.
    /// @dev The deposit must be positive and fit 128 bits, the shares must not exceed the deposit, digests must be set,
    /// and now ≤ `startBy` < `finishBy` ≤ now + `MAX_DURATION`.
    /// @return jobId counted from 1
    function createJob(JobTerms calldata terms) external payable returns (uint256 jobId);

    /// @notice Withdraws the caller's consent to a job that has not started. It cannot be given again for this job.
    function revokeAcceptance(uint256 jobId) external;

    /// @notice Enrols the participants and starts the job. Only the job's aggregator, until `startBy`.
    /// @dev Each acceptance is an EIP-712 signature (ECDSA, or ERC-1271 when the owner is a contract) of
    ///
    ///     Acceptance(uint256 jobId,address owner,bytes32 specDigest,bytes32 keyDigest,uint8 roles,uint256 deposit,
    ///                uint16 trainerBps,uint16 validatorBps,uint16 aggregatorBps,uint64 deadline)
    ///
    /// with the job's own values, `deadline` being its `finishBy`, and `roles` either the role that the owner is given
    /// (1 trainer, 2 validator) or 3, which leaves the choice to the aggregator. No account is enrolled twice, nor the
    /// buyer or the aggregator at all.
    /// @param acceptances one for each trainer, then one for each validator
    /// @param seedHash keccak256 of the 32-byte seed that will mask the delivered weights
    function startJob(
        uint256 jobId,
        address[] calldata trainers,
        address[] calldata validators,
        bytes[] calldata acceptances,
        bytes32 seedHash
    ) external;

    /// @notice Records a checkpoint that both sides agree on: the aggregator by calling, the buyer by its signature.
    /// Only the job's aggregator, until `finishBy`, and until a checkpoint marked last.
    /// @dev Each trainer's contribution grows by max(0, its leave-one-out MSE − MSE). The signature is the buyer's
    /// (ECDSA or ERC-1271) over the EIP-712 struct
    ///
    ///     Checkpoint(uint256 jobId,uint32 index,uint32 round,uint256 mse,uint256[] leaveOneOutMses,bool last,
    ///                bytes32 deliveryDigest)
    function recordCheckpoint(uint256 jobId, Checkpoint calldata checkpoint, bytes calldata buyerSignature) external;

    /// @notice Publishes the seed and credits everybody. Only the job's aggregator, after a checkpoint marked last.
    /// @dev Works after `finishBy` too, as long as nobody expired the job. Until `FINALIZE_WINDOW` later nobody can; an
    /// aggregator that comes later still shows the seed in a transaction that `expireJob` can overtake, and then is not paid.
    function finalize(uint256 jobId, bytes32 seed) external;

    /// @notice Calls off a job that has not started and refunds its deposit. The buyer at any time, anybody after `startBy`.
    function cancelJob(uint256 jobId) external;

    /// @notice Settles a running job after `finishBy` (`FINALIZE_WINDOW` later once a checkpoint marked last is recorded), on
    /// its latest checkpoint. Anybody.
    /// @dev Trainers and validators are paid as by `finalize`; the aggregator, who did not deliver, gets nothing. If not
    /// even checkpoint 0 was recorded, nobody is paid. If checkpoint 0 is the only one, nothing improved and only the
    /// validators are paid.
    function expireJob(uint256 jobId) external;

    /// @notice Sends the caller everything it is owed, from all jobs.
    function withdraw() external;

    /// @notice Sends everything that the caller is owed to `to`: the way out for a payee that cannot receive ether.
    function withdrawTo(address to) external;

    // ------------------------------------------------------------------------------------------------------- views

    /// @notice Number of jobs ever created, which is also the highest job id.
    function jobCount() external view returns (uint256);

    /// @notice The job's terms and progress.
    function getJob(uint256 jobId) external view returns (Job memory);

    /// @notice The enrolled trainers, in the order of `contributions` and of every leave-one-out MSE.
    function getTrainers(uint256 jobId) external view returns (address[] memory);

    /// @notice The enrolled validators.
    function getValidators(uint256 jobId) external view returns (address[] memory);

    /// @notice What an account is in a job.
    function participationOf(uint256 jobId, address account) external view returns (Participation);

    /// @notice Each trainer's summed contribution so far.
    function contributions(uint256 jobId) external view returns (uint256[] memory);

    /// @notice Number of checkpoints recorded.
    function checkpointCount(uint256 jobId) external view returns (uint256);

    /// @notice The split of the deposit on the checkpoints recorded so far, in wei.
    /// @dev For a running job this is what `finalize` would credit; for a settled one what was credited. Before the
    /// first checkpoint, and for a cancelled job, everything is a refund.
    /// @return perTrainer in the order of `getTrainers`
    /// @return perValidator each validator's equal share
    /// @return aggregator the aggregator's share
    /// @return refund the rest, which is the buyer's
    function quote(uint256 jobId)
        external
        view
        returns (uint256[] memory perTrainer, uint256 perValidator, uint256 aggregator, uint256 refund);

    /// @notice Wei that an account can withdraw now.
    function owed(address account) external view returns (uint256);

    /// @notice Wei still held for a job: its deposit until it is settled or cancelled, then 0.
    function escrowed(uint256 jobId) external view returns (uint256);

    /// @notice Wei held for all unsettled jobs.
    function totalEscrowed() external view returns (uint256);

    /// @notice Wei credited and not yet withdrawn, over all accounts.
    function totalOwed() external view returns (uint256);

    /// @notice The EIP-712 digest that `owner` signs to accept a job in the given roles (1 trainer, 2 validator, 3 either).
    function hashAcceptance(uint256 jobId, address owner, uint8 roles) external view returns (bytes32);

    /// @notice The EIP-712 digest that the buyer signs to agree on a checkpoint.
    function hashCheckpoint(uint256 jobId, Checkpoint calldata checkpoint) external view returns (bytes32);
}
