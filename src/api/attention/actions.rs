//! The one table of what resolves what.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::order::{AttentionCode, Order};
use crate::storage::attention::AttentionEntry;

/// Something that a person can do about it.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({
    "action": "sync", "method": "POST",
    "path": "/v1/orders/ord_03019aa0c05c1c7c2e8a5b0d3c5a6f7e80/payment/sync",
    "description": "Ask the gateway now where the payment stands."
}))]
pub struct Action {
    /// A stable name.
    action: &'static str,
    /// The method of the request that does it; absent where it is done elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
    /// The address of the request that does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// What it does.
    description: &'static str,
}

/// Something that can be done, before it is known for which order.
struct Known {
    action: &'static str,
    request: Option<(&'static str, &'static str)>,
    description: &'static str,
}

const REFUND: Known = Known {
    action: "refund",
    request: Some(("POST", "/v1/admin/orders/{order}/refunds")),
    description: "Give the money back, all or part of it.",
};
/// In place of [`REFUND`] where a channel has the money.
const CANCEL: Known = Known {
    action: "cancel",
    request: Some(("POST", "/v1/orders/{order}/cancel")),
    description: "Call the order off: its units go back, and the channel gives the money back.",
};
const BACK_ORDER: Known = Known {
    action: "back_order",
    request: Some(("POST", "/v1/admin/inventory/{sku}/adjustments")),
    description: "Receive the missing units or raise the SKU's `back_order_limit`: the order takes them by itself, within an hour on its first day and within six later, and is resolved.",
};
const SYNC: Known = Known {
    action: "sync",
    request: Some(("POST", "/v1/orders/{order}/payment/sync")),
    description: "Ask the gateway now where the payment stands.",
};
const SHOW: Known = Known {
    action: "show_order",
    request: Some(("GET", "/v1/orders/{order}")),
    description: "Look at the order with everything that was asked of the gateway.",
};
const CAPTURE: Known = Known {
    action: "capture",
    request: Some(("POST", "/v1/admin/orders/{order}/captures")),
    description: "Ask for the held money again.",
};
const VOID: Known = Known {
    action: "void",
    request: Some(("POST", "/v1/admin/orders/{order}/voids")),
    description: "Let the held money go.",
};
const LOOK_AT_GATEWAY: Known = Known {
    action: "look_at_gateway",
    request: None,
    description: "Look the payment up in the gateway's own dashboard, and mend there what is wrong there.",
};
const SHOW_RECONCILIATION: Known = Known {
    action: "show_reconciliation",
    request: Some(("GET", "/v1/admin/reconciliations/{reconciliation}")),
    description: "Look at the run that found it, with both sides of every movement.",
};
const RECONCILE_AGAIN: Known = Known {
    action: "reconcile_again",
    request: Some(("POST", "/v1/admin/reconciliations")),
    description: "Compare the window again.",
};
const RESOLVE: Known = Known {
    action: "resolve",
    request: Some(("POST", "/v1/admin/attention/{id}/resolve")),
    description: "Say what was done; it leaves the queue.",
};

/// What resolves a cause, the most likely first.
const fn of_code(code: AttentionCode) -> &'static [Known] {
    match code {
        AttentionCode::StockGone => &[BACK_ORDER, REFUND, SHOW, RESOLVE],
        AttentionCode::PaidAfterClose => &[REFUND, SHOW, RESOLVE],
        AttentionCode::PaymentMismatch => &[LOOK_AT_GATEWAY, SYNC, SHOW, RESOLVE],
        AttentionCode::PaymentUnknown => &[SYNC, LOOK_AT_GATEWAY, SHOW, RESOLVE],
        AttentionCode::PaymentRefused => &[SYNC, CAPTURE, VOID, LOOK_AT_GATEWAY, SHOW, RESOLVE],
        AttentionCode::PaidTwice => &[REFUND, SYNC, SHOW, RESOLVE],
        AttentionCode::AuthorizationExpiring => &[CAPTURE, VOID, SHOW, RESOLVE],
        AttentionCode::Disputed => &[LOOK_AT_GATEWAY, SYNC, SHOW, RESOLVE],
        AttentionCode::RefundFailed => &[REFUND, LOOK_AT_GATEWAY, SHOW, RESOLVE],
        AttentionCode::ReconciliationDifference => {
            &[SYNC, LOOK_AT_GATEWAY, SHOW_RECONCILIATION, SHOW, RESOLVE]
        }
        AttentionCode::ReconciliationFailed => &[RECONCILE_AGAIN, SHOW_RECONCILIATION, RESOLVE],
    }
}

/// What a person can do about this: nothing is left of it once it is dealt with.
#[must_use]
pub fn of(entry: &AttentionEntry) -> Vec<Action> {
    if entry.resolved.is_some() {
        return Vec::new();
    }
    let order = entry.order_id.map(|id| id.to_string());
    let run = entry.subject.as_ref().map(|subject| subject.reconciliation_id.to_string());
    let fill = |template: &str| -> Option<String> {
        let mut path = template.replace("{id}", &entry.id);
        for (name, value) in [("{order}", &order), ("{reconciliation}", &run)] {
            if path.contains(name) {
                path = path.replace(name, value.as_deref()?);
            }
        }
        Some(path)
    };
    let sold = entry.order.as_ref().is_some_and(Order::is_sold_by_channel);
    let is_refund = |known: &Known| known.action == REFUND.action;
    of_code(entry.code)
        .iter()
        .map(|known| if sold && is_refund(known) { &CANCEL } else { known })
        .filter_map(|known| {
            let (method, path) = match known.request {
                Some((method, template)) => (Some(method), Some(fill(template)?)),
                None => (None, None),
            };
            Some(Action { action: known.action, method, path, description: known.description })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    fn entry(code: AttentionCode, order: Option<&str>) -> AttentionEntry {
        AttentionEntry {
            id: "att_0".to_owned(),
            order_id: order.map(|id| id.parse().unwrap()),
            code,
            detail: String::new(),
            since: Timestamp::default(),
            resolved: None,
            subject: None,
            order: None,
        }
    }

    #[test]
    fn everything_can_be_resolved_and_every_path_is_whole() {
        for code in AttentionCode::ALL {
            for order in [None, Some("ord_0700000000000000000000000000000abc")] {
                let actions = of(&entry(code, order));
                assert_eq!(actions.last().unwrap().action, "resolve", "{code:?}");
                for action in actions {
                    let path = action.path.unwrap_or_default();
                    assert!(!path.contains("{order}") && !path.contains("{id}"), "{path}");
                    assert!(order.is_some() || !path.contains("/orders/"), "{path}");
                }
            }
        }
    }

    #[test]
    fn paid_after_close_is_refunded() {
        let order = "ord_0700000000000000000000000000000abc";
        let actions = of(&entry(AttentionCode::PaidAfterClose, Some(order)));
        let first = actions.first().unwrap();
        assert_eq!((first.action, first.method), ("refund", Some("POST")));
        assert_eq!(first.path.as_deref(), Some(&*format!("/v1/admin/orders/{order}/refunds")));
    }
}
