//! Pages as a stream, following MLflow's `next_page_token` to its end.

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt as _};

use crate::tracking::{Answer, PageStream};

/// One page as the server sent it.
pub(super) struct Page<T> {
    /// Its items.
    pub items: Vec<T>,
    /// Leads to the next page; absent or empty at the end.
    pub next_page_token: Option<String>,
}

/// What to ask for.
pub(super) struct PageRequest {
    /// 0 for the first page.
    pub index: usize,
    /// Token of the page before; absent for the first one.
    pub token: Option<String>,
}

impl PageRequest {
    /// The size for this page: `sizes` in turn, the last one from there on.
    pub fn size(&self, sizes: &[u32]) -> u32 {
        sizes.get(self.index).or(sizes.last()).copied().unwrap_or(100)
    }
}

/// Asks for page after page when the reader wants it. A page is asked for only after the one before, as its token is
/// needed; the reader takes pages much faster than the server makes them, so nothing is gained by reading ahead.
///
/// `keep` sees every item once. Tokens are offsets on MLflow's own stores: an item made meanwhile moves the others
/// down, and they come twice, so callers drop what they have seen. An empty page ends the stream, whatever its token
/// says, and so does a token that came before.
pub(super) fn pages<T: Send + 'static>(
    fetch: impl FnMut(PageRequest) -> Answer<Page<T>> + Send + 'static,
    keep: impl FnMut(&T) -> bool + Send + 'static,
) -> PageStream<T> {
    let reader = Reader { fetch, keep, index: 0, token: None, seen: HashSet::new(), ended: false };
    stream::unfold(reader, |mut reader| async move {
        while !reader.ended {
            let request = PageRequest { index: reader.index, token: reader.token.take() };
            let page = match (reader.fetch)(request).await {
                Ok(page) => page,
                Err(error) => {
                    reader.ended = true;
                    return Some((Err(error), reader));
                }
            };
            reader.index += 1;
            let token = page.next_page_token.filter(|token| !token.is_empty());
            let fresh = token.as_ref().is_some_and(|token| reader.seen.insert(token.clone()));
            reader.ended = !fresh || page.items.is_empty();
            reader.token = token;
            let mut items = page.items;
            items.retain(&mut reader.keep);
            if !items.is_empty() {
                return Some((Ok(items), reader));
            }
        }
        None
    })
    .boxed()
}

struct Reader<F, K> {
    fetch: F,
    keep: K,
    index: usize,
    token: Option<String>,
    seen: HashSet<String>,
    ended: bool,
}

/// Keeps an item the first time its key is seen.
pub(super) fn once<T>(key: impl Fn(&T) -> String) -> impl FnMut(&T) -> bool {
    let mut seen = HashSet::new();
    move |item| seen.insert(key(item))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracking::TrackingError;

    /// Reads a stream whose pages are given as (items, token).
    async fn read(pages_sent: Vec<(Vec<u32>, &'static str)>) -> (Vec<Vec<u32>>, usize) {
        let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counter = std::sync::Arc::clone(&asked);
        let stream = pages(
            move |request: PageRequest| {
                counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let page = pages_sent.get(request.index).cloned();
                Box::pin(async move {
                    let (items, token) = page.ok_or(TrackingError::Unsupported { what: "no page".into() })?;
                    Ok(Page { items, next_page_token: Some(token.to_owned()) })
                })
            },
            once(u32::to_string),
        );
        let read = stream.map(|page| page.unwrap()).collect().await;
        (read, asked.load(std::sync::atomic::Ordering::Relaxed))
    }

    #[tokio::test]
    async fn tokens_are_followed_to_the_end() {
        assert_eq!(read(vec![(vec![1, 2], "a"), (vec![3], "")]).await, (vec![vec![1, 2], vec![3]], 2));
        assert_eq!(read(vec![(vec![], "")]).await, (vec![], 1));
    }

    #[tokio::test]
    async fn an_empty_page_ends_whatever_its_token_says() {
        assert_eq!(read(vec![(vec![1], "a"), (vec![], "b"), (vec![2], "c")]).await, (vec![vec![1]], 2));
    }

    #[tokio::test]
    async fn a_token_that_comes_again_ends() {
        let sent = vec![(vec![1], "a"), (vec![2], "b"), (vec![3], "a"), (vec![4], "")];
        assert_eq!(read(sent).await, (vec![vec![1], vec![2], vec![3]], 3));
    }

    #[tokio::test]
    async fn what_comes_twice_is_dropped_and_a_page_of_it_skipped() {
        let sent = vec![(vec![1, 2], "a"), (vec![2, 1], "b"), (vec![2, 3], "")];
        assert_eq!(read(sent).await, (vec![vec![1, 2], vec![3]], 3));
    }

    #[tokio::test]
    async fn an_error_is_the_last_item() {
        let mut stream = pages(
            |request: PageRequest| {
                Box::pin(async move {
                    if request.index == 0 {
                        return Ok(Page { items: vec![1], next_page_token: Some("a".into()) });
                    }
                    Err(TrackingError::Unauthorized { scheme: None })
                })
            },
            |_: &i32| true,
        );
        assert_eq!(stream.next().await, Some(Ok(vec![1])));
        assert_eq!(stream.next().await, Some(Err(TrackingError::Unauthorized { scheme: None })));
        assert_eq!(stream.next().await, None);
    }
}
