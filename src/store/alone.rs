//! A change of one step in a transaction of its own.

/// Gives [`Store`](super::Store) methods that begin a transaction, call the method of the same name and commit.
macro_rules! alone {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $ty:ty),* $(,)?) -> $out:ty;)*) => {
        impl $crate::store::Store {
            $(
                $(#[$doc])*
                ///
                /// In a transaction of its own; see the method of [`Transaction`](crate::store::Transaction).
                pub async fn $name(&self, $($arg: $ty),*) -> Result<$out, $crate::store::StoreError> {
                    let mut transaction = self.begin().await?;
                    let out = transaction.$name($($arg),*).await?;
                    transaction.commit().await?;
                    Ok(out)
                }
            )*
        }
    };
}
