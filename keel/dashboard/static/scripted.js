// Before anything is drawn: what is only for readers without JavaScript stays hidden.
document.documentElement.classList.add("is-scripted");
