"""Money: bills entered, changed, paid, voided and reminded of, and what comes in by month."""

from __future__ import annotations

from edupulse.operations.operation import OPERATOR, VIEWER, operation

OPERATIONS = (
    operation("bills.list", VIEWER, web="bills.index", api="bills.list_bills bills.sum_up", cli="finance bills list"),
    operation(
        "bills.show", VIEWER, web="bills.show", api="bills.show bills.story payments.list_payments",
        cli="finance bills show",
    ),
    operation("bills.add", OPERATOR, web="bills.new bills.create", api="bills.add", cli="finance bills add"),
    operation("bills.change", OPERATOR, web="bills.edit bills.change", api="bills.change", cli="finance bills change"),
    operation("bills.void", OPERATOR, web="bills.void", api="bills.void", cli="finance bills void"),
    operation("bills.unvoid", OPERATOR, web="bills.unvoid", api="bills.unvoid", cli="finance bills unvoid"),
    operation("bills.pay", OPERATOR, web="payments.pay", api="payments.pay", cli="finance bills pay"),
    operation("bills.refund", OPERATOR, web="payments.refund", api="payments.refund", cli="finance bills refund"),
    operation("bills.remind", OPERATOR, web="bills.remind", api="bills.remind", cli="finance bills remind"),
    operation("bills.coming", VIEWER, web="bills.coming", api="bills.list_coming", cli="finance bills coming"),
    operation("bills.check", OPERATOR, web="schedules.run", api="bills.check", cli="finance bills check"),
    operation(
        "bills.import", OPERATOR,
        web="bill_import.choose_file bill_import.send bill_import.look bill_import.take_in bill_import.forget "
        "bill_import.errors",
        api="bill_import.import_bills", cli="finance bills import",
    ),
    operation(
        "revenue.show", VIEWER, web="revenue.show", api="revenue.list_months revenue.show", cli="finance revenue"
    ),
    operation(
        "revenue.calculate", OPERATOR, web="revenue.calculate", api="revenue.calculate", cli="finance revenue"
    ),
)  # fmt: skip
