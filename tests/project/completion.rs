//! Names of the project at the prompt: `load NAME` with its options, `up NAME`, `down NAME`.

use super::FILE;
use crate::pty::{Setup, completes, run, started};

#[test]
fn plugins_of_the_project_complete() {
    let text = FILE.replace("lang = \"en\"", "lang = \"${LANG_OF_SHOP}\"").replace("policy = \"policy.toml\"\n", "");
    let text = text
        .replace("build/shop", "shop")
        .replace("ro:data", "ro:.")
        .replace("\"build\"", "\".\"")
        .replace("plugin.shop", "plugin.market");
    let setup = Setup::new(24, 300).file("plugsh.toml", text);
    let mut terminal = started(setup.file("shop.wat", super::SHOP).variable("LANG_OF_SHOP", "secret"));
    completes(
        &mut terminal,
        "load mar",
        "load shop.wat --as market --config \"lang=${env.LANG_OF_SHOP}\" --config n=3 --allow-path ro:.:/data \
            --memory-max 64p --timeout 2s --import 'env.kv_put(handle) -> handle=kv.echo' ",
    );
    completes(&mut terminal, "up mar", "up market ");
    run(&mut terminal, "up market", "2:market");
    completes(&mut terminal, "down k", "down kv ");
}
