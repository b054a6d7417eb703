//! What clients may ask for.

mod bodies;
mod searches;

pub(super) use bodies::{
    CategoryChange, Movement, NewCategory, NewProduct, NewVariant, ProductChange, VariantChange,
};
pub(super) use searches::{KeptSearch, LevelSearch, MovementSearch, ReservationSearch, Search};
