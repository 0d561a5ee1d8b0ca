"""The words of the public pages in Spanish; the same keys as ``english.py``."""

from __future__ import annotations

TEXTS: dict[str, str] = {
    # frame
    "date": "{day} de {month} de {year}",
    "months": (
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
    ),
    "this_clinic": "La clínica",
    "call": "Llame al {phone}",
    "privacy": "Privacidad",
    "program": "Nuestros mensajes de texto",
    "terms": "Condiciones",
    "other_language": "English",
    "skip": "Ir al contenido",
    "back": "Volver a todas las opciones",
    # sign-up
    "signup_title": "Siga en contacto con {brand}",
    "signup_lead": (
        "Guías breves de bienestar de nuestra clínica, con un enlace para reservar si lo desea. "
        "Usted elige qué recibe y puede dejarlo cuando quiera."
    ),
    "first_name": "Nombre",
    "last_name": "Apellido",
    "email": "Correo electrónico",
    "phone": "Número de celular",
    "phone_help": "Un número de EE. UU., por ejemplo (212) 555-0123.",
    "postal_code": "Código postal",
    "postal_code_help": "Nos indica su zona horaria, para escribirle a horas adecuadas.",
    "your_details": "Sus datos",
    "what_you_get": "Lo que desea recibir",
    "optional": "opcional",
    "topics": "Temas que le gustaría leer",
    "topics_help": (
        "Opcional. Guardamos los temas solo si marca la casilla de abajo. Si no elige ninguno, "
        "recibe nuestras guías generales."
    ),
    "adult": "Tengo 18 años o más.",
    "signup_button": "Suscribirme",
    "source_label": "nuestra página de suscripción",
    "source_label_tablet": "nuestra recepción",
    "source_label_keyword": "un texto a nuestro número",
    "topic_muscle_spasms": "Espasmos musculares",
    "topic_skin": "Piel",
    "topic_joint_pain": "Dolor de articulaciones",
    "topic_menstrual_cramps": "Cólicos menstruales",
    "topic_wound_healing": "Cicatrización de heridas",
    "topic_hair_growth": "Crecimiento del cabello",
    "leave_empty": "Deje este campo vacío",
    "errors_title": "Revise los campos indicados. Hemos conservado todo lo que escribió.",
    "error_name": "Escriba su nombre.",
    "error_long": "Es más largo de lo que podemos guardar.",
    "error_characters": "Tiene caracteres que no podemos guardar.",
    "error_channel": "Marque correo, mensajes de texto o ambos, para saber cómo escribirle.",
    "error_channel_one": "Marque la casilla de arriba, para que podamos escribirle.",
    "error_texts_closed": (
        "Las suscripciones por texto llegaron al límite de hoy. Inténtelo mañana o suscríbase "
        "por correo electrónico."
    ),
    "error_email_missing": "Marcó el correo: escriba su dirección de correo electrónico.",
    "error_email": "No parece una dirección de correo. Un ejemplo: nombre@example.com",
    "error_phone_missing": "Marcó los mensajes de texto: escriba su número de celular.",
    "error_phone": "No parece un celular de EE. UU. Un ejemplo: (212) 555-0123",
    "error_postal_code": "El código postal tiene cinco cifras.",
    "error_adult": "Nuestros mensajes son para adultos. Confirme que tiene 18 años o más.",
    "error_topics": (
        "Para que guardemos sus temas, marque la casilla debajo de ellos. Para omitirlos, "
        "desmarque los temas."
    ),
    "error_stale": "La página llevaba un rato abierta. Pulse el botón una vez más.",
    "answer_title": "Revise sus mensajes",
    "answer_lead": "Falta un paso, para que nadie más que usted pueda suscribirle.",
    "answer_email": (
        "Si pidió correos, le hemos enviado uno. Ábralo y pulse el botón que contiene. Puede "
        "tardar unos minutos; mire también en el correo no deseado."
    ),
    "answer_sms": "Si pidió mensajes de texto, le hemos enviado uno. Responda Y para confirmar.",
    "answer_start": (
        "Si alguna vez detuvo nuestros mensajes de texto, envíe primero START al número del que "
        "los recibía."
    ),
    "answer_none": "Hasta que confirme, no le enviamos nada más.",
    "answer_texts_closed": (
        "Las suscripciones por texto llegaron al límite de hoy, así que no le hemos enviado "
        "ninguno. Inténtelo mañana."
    ),
    "closed_title": "Esta suscripción está cerrada",
    "closed_lead": "No se ha cambiado nada. Puede suscribirse en nuestra página principal.",
    "closed_button": "Abrir nuestra página de suscripción",
    "framed_more": "Se abre en otra ventana: {what}",
    "tablet_clear": "Borrar y empezar de nuevo",
    "tablet_next": "Siguiente persona",
    "tablet_clears": "Esta página se borra sola en unos segundos para la siguiente persona.",
    "tablet_still": "¿Sigue ahí?",
    "tablet_still_lead": "En medio minuto se borra lo escrito para la siguiente persona.",
    "tablet_stay": "Seguir",
    "tablet_read": ("Privacidad y condiciones: pregunte en recepción o abra {url} en su teléfono."),
    "tablet_ended_title": "Esta página no está abierta",
    "tablet_ended_lead": "Pida en recepción que la abran. No se ha guardado nada de lo escrito.",
    "busy_title": "Inténtelo más tarde",
    "busy_lead": (
        "Hubo muchas suscripciones en la última hora y esta no se tomó. Inténtelo de nuevo en "
        "una hora o llámenos."
    ),
    # confirm
    "confirm_title": "Confirme su suscripción",
    "confirm_lead_email": "Pulse el botón para recibir correos de {brand} en {address}.",
    "confirm_lead_sms": "Pulse el botón para recibir textos de bienestar de {brand} en {address}.",
    "confirm_leave": "Puede dejarlo cuando quiera, con un toque en cada mensaje.",
    "confirm_button": "Sí, suscríbanme",
    "confirm_ignore": "Si usted no lo pidió, cierre la página. No recibirá nada.",
    "confirmed_title": "Ya está suscrito",
    "confirmed_lead": "Gracias. Pronto recibirá su primera guía de {brand}.",
    "confirmed_text_closed": (
        "Su correo está confirmado. Hoy no pudimos enviar un mensaje a su número móvil, así que no "
        "recibirá mensajes de texto. Si también los desea, vuelva a suscribirse a los mensajes de "
        "texto mañana."
    ),
    "confirmed_text_next": (
        "También le hemos enviado un mensaje de texto. Responda Y para recibir textos."
    ),
    "expired_title": "Este enlace ha caducado",
    "expired_lead": "Los enlaces de confirmación sirven siete días. No se ha cambiado nada.",
    "signup_again": "Suscribirme de nuevo",
    # unsubscribe
    "leave_title_email": "Dejar nuestros correos",
    "leave_title_sms": "Dejar nuestros textos",
    "leave_now_email": "{address} recibe correos de bienestar de {brand}.",
    "leave_now_sms": "{address} recibe textos de bienestar de {brand}.",
    "leave_off_email": "{address} no recibe correos de bienestar de {brand}.",
    "leave_off_sms": "{address} no recibe textos de bienestar de {brand}.",
    "leave_button_email": "Darme de baja de todos los correos",
    "leave_button_sms": "Detener todos los textos",
    "leave_sure_email": "Darme de baja de todos modos",
    "leave_sure_sms": "Detenerlos de todos modos",
    "leave_prefs": "Elegir temas, pausar o cambiar otras opciones",
    "leave_reply": "Para detener los textos también puede responder STOP a cualquiera de ellos.",
    "left_title": "Listo. Le hemos dado de baja",
    "left_email": "{address} no recibirá más correos comerciales de {brand}.",
    "left_sms": "{address} no recibirá más textos comerciales de {brand}.",
    "left_plain": "Se ha dado de baja.",
    "left_queue": "Lo que ya estaba en camino se ha detenido donde fue posible.",
    "undo_button": "Fue un error, quiero seguir en la lista",
    "undo_help": "Este botón funciona durante 15 minutos.",
    "undone_title": "Sigue en la lista",
    "undone_lead": "No ha cambiado nada: seguirá recibiendo lo que había aceptado.",
    "undo_late_title": "Ya no se puede deshacer aquí",
    "undo_late_lead": (
        "El botón funciona durante 15 minutos, una sola vez, y solo mientras usted no se haya "
        "dado de baja de otra manera. Usted sigue fuera de la lista. Puede suscribirse de nuevo "
        "cuando quiera."
    ),
    # preferences
    "prefs_title": "Sus mensajes de {brand}",
    "prefs_for": "Opciones para {address}.",
    "stop_all_button": "Detener todo",
    "stop_all_help": "Ni correos ni textos comerciales. Se aplica de inmediato.",
    "channels": "Por canal",
    "channel_email": "Correos",
    "channel_sms": "Mensajes de texto",
    "state_on": "Activado",
    "state_off": "Desactivado",
    "state_pending": "Sin confirmar",
    "stop_email_button": "Detener correos",
    "stop_sms_button": "Detener textos",
    "start_again": "Suscribirme de nuevo",
    "pause": "Hacer una pausa",
    "pause_help": "No le escribimos durante ese tiempo y después seguimos.",
    "pause_30_button": "Pausar 30 días",
    "pause_90_button": "Pausar 90 días",
    "paused_until": "En pausa hasta el {date}.",
    "resume_button": "Terminar la pausa",
    "topics_title": "Sus temas",
    "topics_locked": (
        "Los temas son privados. Para verlos o cambiarlos, primero enviamos un código de seis "
        "cifras a {address}."
    ),
    "code_subject": "Su código de {brand}",
    "code_message_email": (
        "{code} es su código para sus opciones con {brand}. Sirve 10 minutos.\n\n"
        "Si no lo pidió, ignore este mensaje: no pasa nada."
    ),
    "code_message_sms": (
        "{brand}: {code} es su codigo para sus opciones. Sirve 10 minutos. Si no lo pidio, ignore "
        "este mensaje."
    ),
    "code_button": "Enviarme un código",
    "code_title": "Escriba el código",
    "code_lead": "Hemos enviado un código de seis cifras a {address}. Sirve 10 minutos.",
    "code_label": "Código de seis cifras",
    "code_check": "Ver mis temas",
    "code_wrong": "El código no es correcto. Mire nuestro último mensaje o pida otro código.",
    "code_spent": "Este código ya no sirve. Pida uno nuevo.",
    "code_limit": "Se pidieron demasiados códigos. Inténtelo en una hora o llámenos.",
    "code_no_way": "Ya no podemos enviar un código a esta dirección. Llámenos sobre sus temas.",
    "topics_lead": "Marque lo que le gustaría leer. Desmarque todo para borrar sus temas.",
    "topics_button": "Guardar mis temas",
    "topic_by": "Cómo le llega {topic}",
    "topic_by_both": "por correo y texto",
    "topic_by_email": "solo por correo",
    "topic_by_sms": "solo por texto",
    "track_title": "Contar los clics",
    "track_help": (
        "Anotamos cuándo abre un enlace de nuestros mensajes, para saber cuáles sirven. Si lo "
        "prefiere, no lo haremos con usted. Los enlaces funcionan igual."
    ),
    "track_off_button": "No registren mis clics",
    "track_is_off": "No registramos qué enlaces abre.",
    "track_on_button": "Registrar mis clics de nuevo",
    "saved_track_off": "Hecho. Desde ahora no registramos qué enlaces abre.",
    "saved_track_on": "Hecho. Registramos de nuevo qué enlaces abre.",
    "until_called": "nuevo aviso",
    "proof_old": "Escribió el código hace un rato. Pida uno nuevo.",
    "saved_stop_all": "Listo. No recibirá más mensajes comerciales nuestros.",
    "saved_stop_email": "Listo. No recibirá más correos comerciales nuestros.",
    "saved_stop_sms": "Listo. No recibirá más textos comerciales nuestros.",
    "saved_pause": "Listo. No le escribimos hasta el {date}.",
    "saved_pause_kept": "Sus mensajes ya estaban en pausa por más tiempo.",
    "saved_resume": "La pausa ha terminado.",
    "saved_topics": "Sus temas se han guardado.",
    "saved_topics_none": "Sus temas se han borrado. Recibe nuestras guías generales.",
    # programme, privacy, terms
    "program_title": "Textos de bienestar de {brand}",
    "program_lead": (
        "{brand} envía textos breves con educación sobre bienestar y enlaces para reservar a "
        "adultos que los pidieron."
    ),
    "program_join": "Cómo suscribirse",
    "program_join_text": (
        "Rellene el formulario y marque la casilla de los textos. La casilla no viene marcada, y "
        "no hace falta marcarla para comprar nada ni para recibir atención. El formulario:"
    ),
    "program_words": "Estas son las palabras junto a la casilla:",
    "program_form": "Así es el formulario. Ninguna casilla viene marcada:",
    "program_keyword": "Suscribirse por texto",
    "program_keyword_text": "Donde lo ofrecemos, estas son las palabras del cartel:",
    "program_first": "Qué le escribimos",
    "program_first_confirm": "Para confirmar",
    "program_first_welcome": "Cuando haya confirmado",
    "program_first_help": "Cuando envía HELP",
    "program_first_stop": "Cuando envía STOP",
    "program_name": "El programa",
    "program_confirm": ("Después enviamos un texto. Solo si responde Y empiezan los demás."),
    "program_often": "Con qué frecuencia y cuánto cuesta",
    "program_often_text": "Hasta {n} mensajes al mes.",
    "program_rates": "Pueden aplicarse tarifas de mensajes y datos.",
    "program_leave": "Cómo dejarlo y cómo pedir ayuda",
    "program_stop_before": "Responda",
    "program_stop_after": "a cualquier texto para detenerlos todos; lo confirmamos una vez.",
    "program_help_before": "Responda",
    "program_help_after": "para recibir ayuda.",
    "program_support": "Contacto",
    "program_carriers": (
        "Las operadoras no son responsables de los mensajes retrasados o no entregados."
    ),
    "program_sharing": (
        "No compartimos números de celular ni el consentimiento para textos con terceros para su "
        "publicidad."
    ),
    "privacy_title": "Privacidad",
    "privacy_lead": "Cómo guarda {name} los datos de quienes pidieron sus mensajes.",
    "privacy_kept": "Qué guardamos",
    "privacy_kept_text": (
        "Su nombre, el correo y el número de celular que nos dio, su código postal, lo que aceptó "
        "con la hora, las palabras y la dirección IP como prueba, los mensajes enviados, los "
        "enlaces que abrió, sus respuestas y las citas que siguieron."
    ),
    "privacy_topics": "Temas de salud",
    "privacy_topics_text": (
        "Guardamos los temas que eligió solo si marcó la casilla. Deciden qué mensajes educativos "
        "recibe y nada más. El servicio que entrega nuestro correo transporta el texto de esos "
        "mensajes; no ponemos temas en asuntos, textos, enlaces ni nombres de archivo. Puede "
        "ver, cambiar o borrar sus temas con el enlace de opciones de nuestros mensajes."
    ),
    "privacy_used": "Para qué los usamos",
    "privacy_used_text": (
        "Para enviarle lo que pidió, parar cuando lo diga y contar en total qué mensajes llevaron "
        "a citas."
    ),
    "privacy_numbers": "Lo que nunca hacemos",
    "privacy_never": (
        "No vendemos datos, no los damos a anunciantes, no creamos públicos publicitarios y no "
        "ponemos código de otras empresas en estas páginas."
    ),
    "privacy_who": "Quién los trata por nosotros",
    "privacy_who_text": "Estas empresas entregan nuestros mensajes:",
    "privacy_nobody": "Nadie más que nosotros: por ahora ningún mensaje sale de este sistema.",
    "processor_email": "su correo, el mensaje mismo y una referencia opaca.",
    "processor_sms": "su número de celular, el texto mismo y una referencia opaca.",
    "processor_smtp_name": "Nuestro proveedor de correo",
    "privacy_tracking": "Medición",
    "privacy_tracking_text": (
        "No medimos si abre un mensaje. Los enlaces pasan por nuestra propia dirección, para "
        "saber que se abrió un enlace. Estas páginas no usan cookies."
    ),
    "privacy_choices": "Sus opciones",
    "privacy_choices_text": (
        "Cada mensaje tiene una forma de darse de baja que actúa de inmediato. Para ver, corregir "
        "o borrar lo que guardamos, escríbanos o llámenos. Conservamos la prueba de su baja, para "
        "no volver a escribirle por error."
    ),
    "terms_title": "Condiciones de nuestros mensajes",
    "terms_lead": "Qué puede esperar de los correos y textos de {name}.",
    "terms_program": "Nombre del programa: textos de bienestar de {brand}.",
    "terms_free": ("Aceptar mensajes no es condición para comprar nada ni para recibir atención."),
    "terms_email": "Correos",
    "terms_email_text": (
        "Enviamos correos solo a quien los pidió. Cada uno tiene un enlace para darse de "
        "baja con un toque."
    ),
    "terms_medical": "Educación, no consejo médico",
    "terms_medical_text": (
        "Nuestros mensajes son educación general. No sustituyen el consejo de su profesional de "
        "salud. Nadie lee las respuestas por emergencias: en una emergencia llame al 911."
    ),
    # links and lessons
    "call_title": "Llame a {brand}",
    "call_lead": "Toque el número para llamarnos.",
    "book_title": "Reserve con {brand}",
    "book_missing": "La reserva en línea no está abierta ahora. Llámenos y buscamos una hora.",
    "demo_book_label": "Demostración.",
    "demo_book_what": (
        "Esta página ocupa el lugar del sistema de reservas de la clínica, para que pueda probar "
        "qué sigue a una reserva. Nadie guarda estas horas."
    ),
    "demo_book_when": "Una hora",
    "demo_book_at": "{date}, {time}",
    "demo_book_whose": "Su correo electrónico",
    "demo_book_button": "Reservar esta hora",
    "demo_book_slot": "Esta hora ya pasó. Elija otra.",
    "demo_book_email": "Este enlace no dice quién es usted. Escriba su correo electrónico.",
    "demo_booked_title": "Tiene una hora",
    "demo_booked_what": (
        "No se tomó ninguna hora en ninguna clínica. La reserva se comunicó a este servicio como "
        "lo haría un sistema de reservas."
    ),
    "demo_booked_known": (
        "El personal la ve con la persona y en los informes, y una serie que termina con una "
        "reserva termina ahora."
    ),
    "demo_booked_unknown": (
        "Nadie aquí tiene esta dirección. El personal la ve entre las reservas y dice de quién es."
    ),
    "contact_missing": "Responda a nuestro mensaje y le contestamos.",
    "lesson_title": "Su guía de {brand}",
    "lesson_lead": (
        "Esta página contiene educación sobre la salud. Ábrala cuando nadie mire su pantalla."
    ),
    "lesson_button": "Continuar a la guía",
    "not_found_title": "Esta página no existe",
    "not_found_lead": (
        "Puede que el enlace esté incompleto. Ábralo de nuevo desde el mensaje o llámenos."
    ),
    "faulty_title": "No ha funcionado",
    "faulty_lead": "No se ha cambiado nada. Vuelva atrás e inténtelo de nuevo, o llámenos.",
}
