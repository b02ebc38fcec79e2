//! Documents on their way to the threads that write them.
//!
//! *Design.* Tantivy takes 10,000 documents before it lets anyone wait, some 20 KB each. So a document holds one of a few
//! places from when it is made until a thread takes it.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tantivy::TantivyDocument;
use tantivy::schema::document::Document;

/// Places in the queue: so many that no thread that writes waits for the next.
const PLACES: usize = 256;

/// After this time a document goes on without a place: where the threads that write have failed, tantivy tells.
const PATIENCE: Duration = Duration::from_secs(10);

/// The places that are taken.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    taken: Mutex<usize>,
    left: Condvar,
}

impl Queue {
    /// Takes a place for a document, once there is one.
    pub(crate) fn take(self: &Arc<Self>, document: TantivyDocument) -> Queued {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |taken: &mut usize| *taken >= PLACES;
        let (mut taken, _) =
            self.left.wait_timeout_while(taken, PATIENCE, full).unwrap_or_else(PoisonError::into_inner);
        *taken += 1;
        Queued { document, _place: Place(Arc::clone(self)) }
    }
}

/// A document in the queue.
pub(crate) struct Queued {
    document: TantivyDocument,
    _place: Place,
}

impl Document for Queued {
    type Value<'a> = <TantivyDocument as Document>::Value<'a>;
    type FieldsValuesIter<'a> = <TantivyDocument as Document>::FieldsValuesIter<'a>;

    fn iter_fields_and_values(&self) -> Self::FieldsValuesIter<'_> {
        self.document.iter_fields_and_values()
    }

    fn into_tantivy_document(self) -> TantivyDocument {
        self.document
    }
}

/// A place, until it is dropped.
struct Place(Arc<Queue>);

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn who_comes_when_all_places_are_taken_waits_for_one() {
        let queue = Arc::new(Queue::default());
        let mut queued: Vec<Queued> = (0..PLACES).map(|_| queue.take(TantivyDocument::new())).collect();
        thread::scope(|scope| {
            let late = scope.spawn(|| queue.take(TantivyDocument::new()));
            thread::sleep(Duration::from_millis(50));
            assert!(!late.is_finished());
            drop(queued.pop().unwrap().into_tantivy_document());
            drop(late.join().unwrap());
        });
        assert_eq!(*queue.taken.lock().unwrap(), PLACES - 1);
        drop(queued);
        assert_eq!(*queue.taken.lock().unwrap(), 0);
    }
}
