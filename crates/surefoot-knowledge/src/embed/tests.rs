use super::*;

fn cosine(a: &str, b: &str) -> f32 {
    let (a, b) = (StaticEmbedder.vector(a), StaticEmbedder.vector(b));
    a.iter().zip(&b).map(|(a, b)| a * b).sum()
}

#[test]
fn vectors_have_length_one_or_nothing() {
    for text in ["a", "two words", "日本語のテキスト", "🙂"] {
        let length: f32 = StaticEmbedder.vector(text).iter().map(|x| x * x).sum();
        assert!((length - 1.0).abs() < 1e-5 || length == 0.0, "{text}: {length}");
    }
    assert!(StaticEmbedder.vector(" \n.").iter().all(|x| *x == 0.0));
}

#[test]
fn like_things_are_closer() {
    assert!(cosine("How do I cancel my order?", "order cancellation") > cosine("How do I cancel my order?", "recipes"));
    assert!(cosine("puppy", "dog") > cosine("puppy", "invoice"));
}

#[test]
fn one_at_a_time_or_together_is_the_same() {
    let texts = ["the first text", "the second text text"];
    let together = StaticEmbedder.vectors(&texts);
    assert_eq!(together, texts.map(|text| StaticEmbedder.vector(text)));
}

#[tokio::test]
async fn the_port_gives_one_vector_a_text() {
    let texts: Vec<String> = (0..20).map(|n| format!("text number {n}")).collect();
    let vectors = StaticEmbedder.embed(&texts, Kind::Passage).await.unwrap();
    assert_eq!(vectors, StaticEmbedder.vectors(&texts));
}

#[test]
fn quantised_vectors_keep_their_direction() {
    let vector = StaticEmbedder.vector("Refunds are paid within fourteen days.");
    let stored = quantise(&StaticEmbedder, std::slice::from_ref(&vector)).unwrap();
    let norm = stored.data.iter().map(|x| f32::from(*x).powi(2)).sum::<f32>().sqrt();
    let cosine: f32 = vector.iter().zip(&stored.data).map(|(x, q)| x * f32::from(*q) / norm).sum();
    assert!(cosine > 0.999, "{cosine}");
    assert!(quantise(&StaticEmbedder, &[vec![1.0]]).is_err());
}

#[test]
fn broken_components_count_nothing() {
    assert_eq!(bytes(&[f32::NAN, 1.0, -2.0]).collect::<Vec<_>>(), [0, 64, -127]);
    assert_eq!(bytes(&[f32::INFINITY, 1.0]).collect::<Vec<_>>(), [0, 0]);
}
