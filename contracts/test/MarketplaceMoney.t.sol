// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.30;

import {IMarketplace} from "../src/IMarketplace.sol";
import {Marketplace} from "../src/Marketplace.sol";
import {MarketplaceFixture} from "./MarketplaceFixture.sol";
import {Vm} from "./Vm.sol";

/// @notice A buyer that is a contract: refuses ether, or calls back into the marketplace when it arrives.
contract HostileBuyer {
    enum Conduct {
        Accept,
        Refuse,
        ReenterWithdraw,
        ReenterWithdrawTo
    }

    Marketplace private immutable _MARKET;
    Conduct private _conduct;

    constructor(Marketplace market) payable {
        _MARKET = market;
    }

    function behave(Conduct conduct) external {
        _conduct = conduct;
    }

    function createJob(IMarketplace.JobTerms calldata terms, uint256 deposit) external returns (uint256) {
        return _MARKET.createJob{value: deposit}(terms);
    }

    function cancelJob(uint256 jobId) external {
        _MARKET.cancelJob(jobId);
    }

    function withdraw() external {
        _MARKET.withdraw();
    }

    function withdrawTo(address to) external {
        _MARKET.withdrawTo(to);
    }

    receive() external payable {
        if (_conduct == Conduct.Refuse) revert("no, thank you");
        if (_conduct == Conduct.ReenterWithdraw) _MARKET.withdraw();
        if (_conduct == Conduct.ReenterWithdrawTo) _MARKET.withdrawTo(address(0xdead));
    }
}

/// @notice Pull payments, hostile payees, and the edges of the payout.
contract MarketplaceMoneyTest is MarketplaceFixture {
    event Credited(uint256 indexed jobId, address indexed payee, IMarketplace.Role indexed role, uint256 amount);
    event Withdrawn(address indexed payee, address indexed to, uint256 amount);

    // ----------------------------------------------------------------------------------------------------- withdraw

    function test_withdraw_sends_everything_owed_from_all_jobs_once() public {
        settled();
        settled();
        vm.expectEmit(true, true, true, true, address(market));
        emit Withdrawn(owner(0), owner(0), 7 ether);
        vm.prank(owner(0));
        market.withdraw();
        assertEq(owner(0).balance, 7 ether, "two jobs' pay");
        assertOwed(owner(0), 0);
        assertSolvent();

        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceNothingOwed.selector, owner(0)));
        vm.prank(owner(0));
        market.withdraw();
    }

    function test_everybody_withdraws_and_nothing_stays() public {
        settled();
        address[4] memory payees = [owner(0), owner(1), aggregator, buyer];
        uint256 before = buyer.balance;
        for (uint256 i = 0; i < payees.length; ++i) {
            vm.prank(payees[i]);
            market.withdraw();
        }
        assertEq(owner(0).balance, 3.5 ether, "trainer");
        assertEq(owner(1).balance, 2 ether, "validator");
        assertEq(aggregator.balance, 1 ether, "aggregator");
        assertEq(buyer.balance - before, 3.5 ether, "buyer");
        assertEq(address(market).balance, 0, "empty");
        assertEq(market.totalOwed(), 0, "total");
    }

    function test_withdrawTo_sends_to_another_address() public {
        settled();
        vm.expectEmit(true, true, true, true, address(market));
        emit Withdrawn(owner(0), stranger, 3.5 ether);
        vm.prank(owner(0));
        market.withdrawTo(stranger);
        assertEq(stranger.balance, 3.5 ether, "stranger");
        assertOwed(owner(0), 0);
    }

    function test_withdrawTo_refuses_the_zero_address_and_the_contract_itself() public {
        settled();
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceRecipientInvalid.selector, address(0)));
        vm.prank(owner(0));
        market.withdrawTo(address(0));
        vm.expectRevert(abi.encodeWithSelector(IMarketplace.MarketplaceRecipientInvalid.selector, address(market)));
        vm.prank(owner(0));
        market.withdrawTo(address(market));
        assertOwed(owner(0), 3.5 ether);
    }

    function test_plain_transfers_are_refused() public {
        vm.prank(buyer);
        (bool sent,) = address(market).call{value: 1 ether}("");
        assertTrue(!sent, "refused");
    }

    // ----------------------------------------------------------------------------------------------- hostile payees

    function test_a_payee_that_refuses_ether_blocks_nobody_and_gets_out_by_withdrawTo() public {
        HostileBuyer hostile = refundedBuyer(HostileBuyer.Conduct.Refuse);
        uint256 other = post();
        vm.expectRevert(
            abi.encodeWithSelector(IMarketplace.MarketplaceTransferFailed.selector, address(hostile), DEPOSIT)
        );
        hostile.withdraw();
        assertOwed(address(hostile), DEPOSIT);

        vm.prank(buyer);
        market.cancelJob(other);
        vm.prank(buyer);
        market.withdraw();
        hostile.withdrawTo(stranger);
        assertEq(stranger.balance, DEPOSIT, "out");
        assertSolvent();
    }

    function test_a_payee_that_reenters_gets_nothing_more() public {
        post();
        HostileBuyer hostile = refundedBuyer(HostileBuyer.Conduct.ReenterWithdraw);
        bytes memory refusal =
            abi.encodeWithSelector(IMarketplace.MarketplaceTransferFailed.selector, address(hostile), DEPOSIT);
        vm.expectRevert(refusal);
        hostile.withdraw();
        hostile.behave(HostileBuyer.Conduct.ReenterWithdrawTo);
        vm.expectRevert(refusal);
        hostile.withdraw();
        hostile.behave(HostileBuyer.Conduct.Accept);
        hostile.withdraw();
        assertEq(address(hostile).balance, DEPOSIT, "once");
        assertEq(address(market).balance, DEPOSIT, "the other job's");
        assertSolvent();
    }

    // ------------------------------------------------------------------------------------------------------- credit

    function test_finalize_reports_each_credit_and_no_zero() public {
        uint256 jobId = running(2, 1);
        record(jobId, plain(0, 10 * WAD, none()));
        record(jobId, last(1, 5 * WAD, two(6 * WAD, 5 * WAD)));
        vm.recordLogs();
        vm.expectEmit(true, true, true, true, address(market));
        emit Credited(jobId, owner(0), IMarketplace.Role.Trainer, 3.5 ether);
        vm.expectEmit(true, true, true, true, address(market));
        emit Credited(jobId, owner(2), IMarketplace.Role.Validator, 2 ether);
        vm.expectEmit(true, true, true, true, address(market));
        emit Credited(jobId, aggregator, IMarketplace.Role.Aggregator, 1 ether);
        vm.expectEmit(true, true, true, true, address(market));
        emit Credited(jobId, buyer, IMarketplace.Role.Buyer, 3.5 ether);
        finalize(jobId);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 emitted;
        for (uint256 i = 0; i < logs.length; ++i) {
            // The events that this test announces are in the record too.
            if (logs[i].emitter == address(market)) ++emitted;
        }
        assertEq(emitted, 5, "four credits and JobFinalized");
    }

    function test_dust_goes_to_the_buyer() public {
        uint256 jobId = post(defaultTerms(), 100);
        start(jobId, 3, 3);
        record(jobId, plain(0, 3 * WAD, none()));
        record(jobId, last(1, 2 * WAD, all(3, 3 * WAD)));
        finalize(jobId);
        // 70 · 1/3 = 23, a third of it 7; 20 / 3 = 6.
        assertOwed(owner(0), 7);
        assertOwed(owner(5), 6);
        assertOwed(aggregator, 10);
        assertOwed(buyer, 100 - 3 * 7 - 3 * 6 - 10);
    }

    function test_a_deposit_of_one_wei_settles() public {
        uint256 jobId = post(defaultTerms(), 1);
        start(jobId, 1, 1);
        record(jobId, plain(0, WAD, none()));
        record(jobId, last(1, 0, all(1, WAD)));
        finalize(jobId);
        assertOwed(buyer, 1);
    }

    function test_jobs_do_not_touch_each_others_money() public {
        uint256 first = running(1, 1);
        uint256 second = post(defaultTerms(), 3 ether);
        record(first, plain(0, WAD, none()));
        record(first, last(1, 0, all(1, WAD)));
        finalize(first);
        assertEq(market.escrowed(second), 3 ether, "second's escrow");
        assertEq(market.totalOwed(), DEPOSIT, "first's credit");
        vm.prank(buyer);
        market.cancelJob(second);
        assertOwed(buyer, 3 ether);
        assertSolvent();
    }

    function test_the_largest_values_settle() public {
        uint256 deposit = market.MAX_DEPOSIT();
        uint256 huge = market.MAX_MSE();
        vm.deal(buyer, deposit);
        uint256 jobId = post(defaultTerms(), deposit);
        start(jobId, 2, 1);
        record(jobId, plain(0, huge, none()));
        record(jobId, plain(1, 0, two(huge, huge)));
        record(jobId, last(2, 0, two(huge, huge)));
        finalize(jobId);
        assertOwed(owner(0), (deposit * 7000) / 10_000 / 2);
        assertSolvent();
    }

    // ------------------------------------------------------------------------------------------------------ helpers

    /// @dev One trainer (3.5 ether), one validator (2), the aggregator (1), the rest to the buyer.
    function settled() private returns (uint256 jobId) {
        jobId = running(1, 1);
        record(jobId, plain(0, 10 * WAD, none()));
        record(jobId, last(1, 5 * WAD, all(1, 6 * WAD)));
        finalize(jobId);
    }

    function refundedBuyer(HostileBuyer.Conduct conduct) private returns (HostileBuyer hostile) {
        hostile = new HostileBuyer(market);
        vm.deal(address(hostile), DEPOSIT);
        hostile.cancelJob(hostile.createJob(defaultTerms(), DEPOSIT));
        hostile.behave(conduct);
        assertOwed(address(hostile), DEPOSIT);
    }
}
