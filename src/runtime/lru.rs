//! A cache of expensive values, bounded by number and by bytes. A value with another owner stays, since to evict it
//! frees nothing; of the rest the least recently used goes first.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// The bounds on unused values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LruMax {
    pub items: usize,
    pub bytes: u64,
}

/// Values by their keys. A value is in use while another `Arc` to it exists.
pub struct LruCache<K, V: ?Sized> {
    items: HashMap<K, Item<V>>,
    most: LruMax,
    /// Goes up with each use.
    now: u64,
}

struct Item<V: ?Sized> {
    value: Arc<V>,
    bytes: u64,
    used_at: u64,
}

impl<V: ?Sized> Item<V> {
    fn is_idle(&self) -> bool {
        Arc::strong_count(&self.value) == 1
    }
}

impl<K: Eq + Hash + Clone, V: ?Sized> LruCache<K, V> {
    /// An empty cache.
    pub fn new(most: LruMax) -> Self {
        LruCache { items: HashMap::new(), most, now: 0 }
    }

    /// The value of this key.
    pub fn get(&mut self, key: &K) -> Option<Arc<V>> {
        let item = self.items.get_mut(key)?;
        self.now += 1;
        item.used_at = self.now;
        Some(item.value.clone())
    }

    /// Keeps a value of so many bytes. Evicted values are given back, to be dropped outside of any lock.
    pub fn put(&mut self, key: K, value: Arc<V>, bytes: u64) -> Vec<Arc<V>> {
        self.now += 1;
        let before = self.items.insert(key, Item { value, bytes, used_at: self.now });
        let mut gone: Vec<Arc<V>> = before.into_iter().map(|item| item.value).collect();
        // In the order of their last use. The new value is in use: its maker owns it.
        let mut idle: Vec<(u64, u64, K)> = self
            .items
            .iter()
            .filter(|(_, item)| item.is_idle())
            .map(|(key, item)| (item.used_at, item.bytes, key.clone()))
            .collect();
        idle.sort_by_key(|(used_at, ..)| *used_at);
        let mut kept = LruMax { items: idle.len(), bytes: idle.iter().map(|(_, bytes, _)| bytes).sum() };
        for (_, bytes, key) in idle {
            if kept.items <= self.most.items && kept.bytes <= self.most.bytes {
                break;
            }
            kept = LruMax { items: kept.items - 1, bytes: kept.bytes - bytes };
            gone.extend(self.items.remove(&key).map(|item| item.value));
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(items: usize, bytes: u64) -> LruCache<&'static str, str> {
        LruCache::new(LruMax { items, bytes })
    }

    fn names(cache: &LruCache<&'static str, str>) -> Vec<&'static str> {
        let mut names: Vec<_> = cache.items.keys().copied().collect();
        names.sort();
        names
    }

    #[test]
    fn of_too_many_the_least_recently_used_goes() {
        let mut cache = cache(2, 100);
        cache.put("a", "A".into(), 1);
        cache.put("b", "B".into(), 1);
        assert_eq!(cache.get(&"a").as_deref(), Some("A"));
        let gone = cache.put("c", "C".into(), 1);
        assert_eq!(gone, ["B".into()]);
        assert_eq!(names(&cache), ["a", "c"]);
    }

    #[test]
    fn of_too_many_bytes_as_much_goes_as_must() {
        let mut cache = cache(10, 100);
        for (name, bytes) in [("a", 40), ("b", 40), ("c", 20)] {
            assert!(cache.put(name, name.into(), bytes).is_empty(), "{name}");
        }
        assert_eq!(cache.put("d", "D".into(), 50), ["a".into(), "b".into()]);
        assert_eq!(names(&cache), ["c", "d"]);
    }

    #[test]
    fn what_is_in_use_stays_and_counts_when_it_is_not_any_more() {
        let mut cache = cache(1, 100);
        let used: Arc<str> = "A".into();
        cache.put("a", used.clone(), 99);
        cache.put("b", "B".into(), 99);
        assert_eq!(names(&cache), ["a", "b"], "one in use does not count");
        drop(used);
        let new: Arc<str> = "C".into();
        assert_eq!(cache.put("c", new.clone(), 1).len(), 1);
        assert_eq!(names(&cache), ["b", "c"], "the older of the two idle ones goes");
    }

    #[test]
    fn one_that_is_larger_than_all_may_be_goes_with_its_user() {
        let mut cache = cache(10, 100);
        let large: Arc<str> = "L".into();
        assert!(cache.put("l", large.clone(), 1_000).is_empty());
        assert!(cache.get(&"l").is_some());
        drop(large);
        assert_eq!(cache.put("s", "S".into(), 1).len(), 1);
        assert_eq!(names(&cache), ["s"]);
    }
}
