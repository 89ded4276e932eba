//! Asks the EHR again for what is read often, before it expires in the cache.

use futures_util::StreamExt as _;
use futures_util::stream::poll_fn;

use crate::cache::Cache;
use crate::ehr::Ehr;

/// Requests at a time: few beside those that somebody waits for.
const AT_ONCE: usize = 4;

/// Works the queue off, for as long as it is polled.
pub async fn run(cache: &Cache, ehr: &Ehr) {
    let Some(mut due) = cache.renewals() else { return };
    poll_fn(|context| due.poll_recv(context))
        .for_each_concurrent(AT_ONCE, async |renewal| {
            if ehr.is_out_of_reach() {
                cache.renewal_left_out();
            } else {
                cache.renew(&renewal, |validator| ehr.renew(&renewal, validator)).await;
            }
        })
        .await;
}
