// New passwords: shown where somebody asks for it, and judged while they are typed. Without script the form's answer says it.
const PAUSE = 400;  // milliseconds after the last key

async function judge(form, field, place) {
  const asked = new FormData();
  asked.set("csrf_token", form.querySelector("[name=csrf_token]").value);
  asked.set("username", form.querySelector("[name=username]")?.value ?? "");
  asked.set("new", field.value);
  const answer = await fetch(place.dataset.strength, { method: "POST", body: asked });
  if (!answer.ok) return;
  const { good, said } = await answer.json();
  place.textContent = field.value ? said : "";
  place.className = good ? "said" : "wrong";
  place.hidden = !field.value;
}

for (const place of document.querySelectorAll("[data-strength]")) {
  const form = place.closest("form");
  const fields = form.querySelectorAll("[autocomplete=new-password]");
  const show = form.querySelector("[data-show]");
  let later;
  show.closest("p").hidden = false;
  show.addEventListener("change", () => fields.forEach((field) => { field.type = show.checked ? "text" : "password"; }));
  form.addEventListener("submit", () => fields.forEach((field) => { field.type = "password"; }));
  fields[0].addEventListener("input", () => {
    clearTimeout(later);
    later = setTimeout(() => judge(form, fields[0], place).catch(() => { place.hidden = true; }), PAUSE);
  });
}
