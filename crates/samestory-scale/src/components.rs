//! What hangs together.

/// Connected components of numbered items, by union and find with path halving (Tarjan and van Leeuwen 1984); each is named
/// by its smallest item. It takes 4 bytes an item.
#[derive(Debug)]
pub(crate) struct Components {
    parent: Vec<u32>,
}

impl Components {
    /// Items that are all alone.
    pub(crate) fn new(n_items: usize) -> Components {
        Components { parent: (0..n_items as u32).collect() }
    }

    /// The smallest item of a component.
    pub(crate) fn root(&mut self, item: u32) -> u32 {
        let mut at = item;
        while self.parent[at as usize] != at {
            let above = self.parent[self.parent[at as usize] as usize];
            self.parent[at as usize] = above;
            at = above;
        }
        at
    }

    pub(crate) fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a.max(b) as usize] = a.min(b);
    }
}
