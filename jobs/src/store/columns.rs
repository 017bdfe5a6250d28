//! Rows as columns: what `unnest` wants.

/// Declares a row, and the same as one vector per column.
macro_rules! columns {
    ($(#[$doc:meta])* $Row:ident / $Columns:ident { $($field:ident: $Type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub(crate) struct $Row { $(pub(crate) $field: $Type,)* }

        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(crate) struct $Columns { $($field: Vec<$Type>,)* }

        impl $Columns {
            pub(crate) fn push(&mut self, row: $Row) {
                $(self.$field.push(row.$field);)*
            }

            pub(crate) fn is_empty(&self) -> bool {
                // Any column will do.
                [$(self.$field.is_empty()),*][0]
            }
        }
    };
}
pub(crate) use columns;
